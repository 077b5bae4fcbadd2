#include "native/host/memory_keeper.h"

#include <utility>

namespace masklet::native {

MemoryKeeper::MemoryKeeper(const MemoryOptions& options, Progress& progress)
    : options_(options), progress_(progress), account_(options.limit_bytes) {}

Status MemoryKeeper::prepare(const TrackingScene& scene, ModelOptions& model, TrackingOptions& tracking,
                             FrameSource* frames) {
  model.runtime.account = &account_;
  if (options_.limit_bytes == 0) return {};
  progress_.begin("plan", 0);
  MASKLET_ASSIGN(const Plan plan, plan_tracking(options_, model, tracking, scene));
  follow(plan, model, tracking);
  if (frames) frames->hold(plan.settings.held_frames);
  program_.set(plan.price[MemoryCategory::program]);
  account_.reserve(plan.price[MemoryCategory::activations] + plan.price[MemoryCategory::steps]);
  for (const std::string& step : plan.steps) report_step(step);
  most_prompted_frames_ = plan.most_prompted_frames;
  warning_ = plan.warning;
  if (!warning_.empty()) progress_.note("warning", warning_);
  return {};
}

Status MemoryKeeper::take(const FrameResult& result, const Clip& clip, const FrameSource& frames) {
  account_.touch(MemoryCategory::results, result.objects.size() * clip.width * clip.height);
  return frames_.resize(frames.held_bytes());
}

Result<bool> MemoryKeeper::step_down(const Status& status, ModelHost& host, std::unique_ptr<Session>& session) {
  if (status || status.error().code != ErrorCode::out_of_memory || options_.on_pressure == OnPressure::fail)
    return false;
  MASKLET_ASSIGN(const SessionState* known, session->state());
  SessionState state = *known;
  int& memories = state.options.memories;
  if (memories == 0) memories = host.model.architecture.num_maskmem;
  const bool from_cache = state.options.cached_frames > 1;
  int& lowered = from_cache ? state.options.cached_frames : memories;
  if (lowered == 1) return false;
  const int before = std::exchange(lowered, lowered / 2);
  report_step((from_cache ? "cached frames " : "memories ") + std::to_string(before) + " -> " +
              std::to_string(lowered));
  session.reset();
  host.runtime.release_all();
  MASKLET_ASSIGN(session, Session::restore(host.model, std::move(state), session_host()));
  return true;
}

RunMemory MemoryKeeper::memory(const Session* session) const {
  return {account_.report(), session ? session->cache_use() : CacheUse()};
}

void MemoryKeeper::report_step(const std::string& step) {
  steps_.push_back(step);
  progress_.note("step", step);
}

}  // namespace masklet::native
