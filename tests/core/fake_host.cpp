#include "fake_host.h"

#include <algorithm>
#include <cstring>

#include "core/graph/networks.h"
#include "core/tracking/snapshot.h"

namespace masklet::tracking_test {
namespace {

namespace names = tensor_names;

constexpr std::uint64_t kHashStart = 14695981039346656037u;

/// FNV-1a over words, and over the bytes that are left.
std::uint64_t hash(std::uint64_t seed, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  std::uint64_t word = 0;
  std::size_t i = 0;
  for (; i + sizeof word <= size; i += sizeof word) {
    std::memcpy(&word, bytes + i, sizeof word);
    seed = (seed ^ word) * 1099511628211u;
    seed ^= seed >> 32;
  }
  for (; i < size; ++i) seed = (seed ^ bytes[i]) * 1099511628211u;
  return seed;
}
std::uint64_t hash(std::uint64_t seed, std::string_view text) {
  return hash(seed, text.data(), text.size());
}
template <class T>
std::uint64_t hash_value(std::uint64_t seed, const T& value) {
  return hash(seed, &value, sizeof value);
}

/// splitmix64, as numbers of 0 .. 1.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  float next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<float>((z ^ (z >> 31)) >> 40) / static_cast<float>(1 << 24);
  }

 private:
  std::uint64_t state_;
};

Tensor invented(std::string_view name, const Shape& shape, std::uint64_t seed) {
  Tensor tensor(DType::f32, shape);
  Random random(seed);
  float low = -1, high = 1;
  if (name == names::kIous) low = 0;
  if (name == names::kMasks) low = -8, high = 8;
  if (name == names::kObjectScore) low = -3, high = 9;  // absent in a quarter of all cases
  for (float& value : tensor.f32()) value = low + (high - low) * random.next();
  return tensor;
}

/// What networks.h says of the inputs' shapes, where they are not fixed.
std::string shape_problem(const RunNetwork& step) {
  const Architecture& a = shared_model().architecture;
  if (step.network == NetworkId::memory_attention) {
    const std::int64_t memories = input(step, names::kSpatialMemory).shape[0];
    const std::int64_t pointers = input(step, names::kPointers).shape[0];
    if (memories < 1) return "memory attention without a memory";
    if (input(step, names::kSpatialMemory).shape != Shape{memories, a.feature_tokens(), a.mem_dim} ||
        input(step, names::kTemporalRow).shape != Shape{memories} ||
        input(step, names::kPointers).shape != Shape{pointers, a.d_model} ||
        input(step, names::kPointerTime).shape != Shape{pointers})
      return "memory attention's inputs do not fit each other";
    for (const std::int64_t row : input(step, names::kTemporalRow).as<std::int64_t>()) {
      if (row < 0 || row >= a.num_maskmem) return "temporal row " + std::to_string(row);
    }
  }
  if (step.network == NetworkId::mask_decoder) {
    const std::int64_t points = input(step, names::kLabels).shape[0];
    if (points < 1 || input(step, names::kPoints).shape != Shape{points, 2})
      return "decoder's points do not fit";
    for (const std::int64_t label : input(step, names::kLabels).as<std::int64_t>()) {
      if (label < -1 || label > 3) return "label " + std::to_string(label);
    }
    if (input(step, names::kMaskPrompt).shape != Shape{a.low_res_size(), a.low_res_size()})
      return "mask prompt's shape";
  }
  return {};
}

}  // namespace

Status FakeHost::drive(HostLoop& loop) {
  while (loop.busy()) answer(loop);
  return std::get<Done>(loop.next()).status;
}

void FakeHost::answer(HostLoop& loop) {
  const Step& step = loop.next();
  ++steps;
  if (const auto* run = std::get_if<RunNetwork>(&step)) receive(*run);
  if (const auto* need = std::get_if<NeedFrame>(&step)) frames_asked.push_back(need->frame);
  if (const auto* ready = std::get_if<FrameReady>(&step)) reported.push_back(ready->result);
  if (intervene && intervene(loop, step)) return;

  Status accepted;
  if (const auto* run = std::get_if<RunNetwork>(&step)) {
    accepted = loop.resume(outputs(*run));
  } else if (const auto* need = std::get_if<NeedFrame>(&step)) {
    accepted = need->frame < frame_count_ ? loop.resume(frame(need->frame)) : loop.end_of_clip();
  } else {
    accepted = loop.resume();
  }
  if (accepted.ok()) return;
  violations.push_back("a right answer was refused: " + accepted.error().message);
  static_cast<void>(loop.cancel());
}

/// Does at once what a step demands whether or not it is answered: tensors go, and what it says is checked.
void FakeHost::receive(const RunNetwork& step) {
  runs.push_back(step);
  for (const TensorHandle handle : step.release) {
    if (kept_.erase(handle) == 0)
      violations.push_back("released " + std::to_string(handle) + ", which is not kept");
  }
  for (const NetworkInput& in : step.inputs) {
    const auto* handle = std::get_if<TensorHandle>(&in.value);
    if (handle && !kept_.contains(*handle))
      violations.push_back(std::string(in.name) + " is " + std::to_string(*handle) + ", which is not kept");
  }
  for (const NetworkOutput& out : step.outputs) {
    if (out.keep_as && kept_.contains(out.keep_as))
      violations.push_back(std::to_string(out.keep_as) + " is to be kept twice");
  }
  if (const std::string problem = shape_problem(step); !problem.empty()) violations.push_back(problem);
}

ImageView FakeHost::frame(int index) {
  pixels_.resize(static_cast<std::size_t>(width_) * height_ * 3);
  Random random(static_cast<std::uint64_t>(index) + 1);
  for (std::uint8_t& value : pixels_) value = static_cast<std::uint8_t>(random.next() * 256);
  return packed_image(pixels_.data(), width_, height_);
}

std::uint64_t FakeHost::digest(const RunNetwork& step) const {
  std::uint64_t seed = hash_value(kHashStart, static_cast<int>(step.network));
  for (const NetworkInput& in : step.inputs) {
    seed = hash(seed, in.name);
    if (const auto* handle = std::get_if<TensorHandle>(&in.value)) {
      const auto it = kept_.find(*handle);
      seed = hash_value(seed, it == kept_.end() ? 0 : it->second);
      continue;
    }
    const Tensor& tensor = std::get<Tensor>(in.value);
    for (const std::int64_t side : tensor.shape) seed = hash_value(seed, side);
    seed = hash(seed, tensor.bytes.data(), tensor.bytes.size());
  }
  return seed;
}

std::vector<Tensor> FakeHost::outputs(const RunNetwork& step) {
  const std::uint64_t seed = digest(step);
  std::vector<Tensor> given;
  for (const NetworkOutput& out : step.outputs) {
    const std::uint64_t own = hash(seed, out.name);
    if (out.keep_as) {
      kept_[out.keep_as] = own;
    } else {
      given.push_back(invented(out.name, out.shape, own));
    }
  }
  largest_kept = std::max(largest_kept, kept_.size());
  if (edit) edit(step, given);
  return given;
}

FrameResult FakeHost::last_report(int frame) const {
  for (auto it = reported.rbegin(); it != reported.rend(); ++it) {
    if (it->frame == frame) return *it;
  }
  return {frame, {}};
}

const Tensor& input(const RunNetwork& step, std::string_view name) {
  static const Tensor none;
  for (const NetworkInput& in : step.inputs) {
    if (in.name == name) return std::get<Tensor>(in.value);
  }
  return none;
}

float flag(const RunNetwork& step, std::string_view name) {
  return input(step, name).f32()[0];
}

std::vector<std::int64_t> temporal_rows(const RunNetwork& attend) {
  const auto rows = input(attend, names::kTemporalRow).as<std::int64_t>();
  return {rows.begin(), rows.end()};
}

Frames keys(const Records& records) {
  Frames frames;
  for (const auto& [frame, record] : records) frames.push_back(frame);
  return frames;
}

std::vector<RunNetwork> runs_of(const std::vector<RunNetwork>& runs, NetworkId network) {
  std::vector<RunNetwork> found;
  for (const RunNetwork& run : runs) {
    if (run.network == network) found.push_back(run);
  }
  return found;
}

bool same(const ObjectResult& a, const ObjectResult& b) {
  return a.object == b.object && a.low_res_logits == b.low_res_logits && a.iou == b.iou &&
         a.object_score == b.object_score;
}

bool same(const FrameResult& a, const FrameResult& b) {
  if (a.frame != b.frame || a.objects.size() != b.objects.size()) return false;
  for (std::size_t i = 0; i < a.objects.size(); ++i) {
    if (!same(a.objects[i], b.objects[i])) return false;
  }
  return true;
}

std::string saved(const Session& session) {
  const Result<const SessionState*> state = session.state();
  if (!state) return state.error().message;
  std::string bytes;
  const Status written =
      save_state(**state, session.model().architecture, [&](std::span<const std::byte> part) {
        bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
        return Status();
      });
  return written ? bytes : written.error().message;
}

const Model& shared_model() {
  static const Model model = small_model();
  return model;
}

std::unique_ptr<Session> new_session(int frame_count, const TrackingOptions& options) {
  Result<std::unique_ptr<Session>> session =
      Session::create(shared_model(), small_clip(frame_count), options);
  return session ? std::move(*session) : nullptr;
}

PointPrompt click(int object, int frame, float x, float y, int label) {
  PointPrompt prompt;
  prompt.object = object;
  prompt.frame = frame;
  prompt.points = {{x, y, label}};
  return prompt;
}

PointPrompt box(int object, int frame, std::array<float, 4> corners) {
  PointPrompt prompt;
  prompt.object = object;
  prompt.frame = frame;
  prompt.box = corners;
  return prompt;
}

MaskPrompt mask(int object, int frame, int x0, int y0, int x1, int y1) {
  const Clip clip = small_clip(0);
  MaskPrompt prompt{object, frame, clip.width, clip.height, {}};
  prompt.bitmap.resize(static_cast<std::size_t>(clip.width) * clip.height);
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x) prompt.bitmap[y * clip.width + x] = 255;
  }
  return prompt;
}

std::vector<Call> scenario() {
  return {
      {"click", [](Session& s) { return s.add_points(click(1, 0, 12, 9)); }},
      {"box",
       [](Session& s) {
         return s.add_points(box(7, 1, {4, 4, 30, 22}));
       }},
      {"propagate a part",
       [](Session& s) {
         return s.propagate({0, 3, false});
       },
       true},
      {"correct a tracked frame", [](Session& s) { return s.add_points(click(1, 2, 20, 20, 0)); }},
      {"correct it once more",
       [](Session& s) {
         PointPrompt more = click(1, 2, 8, 8);
         more.clear_old_points = false;
         return s.add_points(more);
       }},
      {"add a mask", [](Session& s) { return s.add_mask(mask(3, 4, 10, 5, 25, 20)); }},
      {"propagate", [](Session& s) { return s.propagate({}); }, true},
      {"clear", [](Session& s) { return s.clear_prompts(1, 2); }},
      {"remove", [](Session& s) { return s.remove_object(7); }},
      {"propagate in reverse",
       [](Session& s) {
         return s.propagate({5, std::nullopt, true});
       },
       true},
  };
}

Status perform(Session& session, FakeHost& host, const Call& call) {
  const Status accepted = call.begin(session);
  // What is done at once, such as removing an object, leaves the outcome of the operation before it.
  return accepted && session.busy() ? host.drive(session) : accepted;
}

}  // namespace masklet::tracking_test
