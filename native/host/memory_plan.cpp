#include "native/host/memory_plan.h"

#include <cstdlib>

#include "core/tracking/memory_bank.h"
#include "native/media/video_file.h"

namespace masklet::native {
namespace {

/// The program, of which reading files makes more pages resident, and the pictures beside the one at work.
void price_frames(FrameOrigin origin, HostCosts& costs) {
  switch (origin) {
    case FrameOrigin::given:
      costs.program_bytes = 70u << 20;
      break;
    case FrameOrigin::image_files:
      costs.program_bytes = 76u << 20;
      costs.picture_bytes = 3.0;
      costs.decoder_pictures = 1;  // while the next one is read
      break;
    case FrameOrigin::video_file:
      costs.program_bytes = 80u << 20;  // its decoder has threads and buffers of its own
      costs.picture_bytes = 1.5;
      costs.decoder_pictures = 6;  // references, and pictures that wait for their turn
      break;
  }
}

/// Measured with tools/bench/memory on nano at 192 and SAM 2.1 tiny at 512 and 1024, and with
/// tools/bench/soak: within a tenth of each network's peak. While a network loads its weights are there in
/// core, in the runtime's copy and packed for its kernels, and core's grow by doubling. Weights kept as f16 are not packed,
/// and nearly all of a network's are widened at once while it runs; of q8's, those that are not int8. What freed blocks
/// may wait is CappedAllocator's.
HostCosts native_costs(FrameOrigin origin, WeightStorage weights) {
  HostCosts costs;
  price_frames(origin, costs);
  costs.weights_held = 1.0;
  switch (weights) {
    case WeightStorage::f32:
      costs.weights_loading = 3.25;
      costs.packing = 1.0;
      costs.unpacked_held = 1.12;
      break;
    case WeightStorage::f16:
      costs.weights_loading = 1.75;
      costs.widened = 0.95;
      break;
    case WeightStorage::q8:
      costs.weights_loading = 3.0;
      costs.packing = 1.0;
      costs.unpacked_held = 1.05;
      costs.widened = 0.15;
      break;
  }
  costs.spare = 0.75;
  costs.most_spare_bytes = 64u << 20;
  costs.run_bytes = 2u << 20;
  return costs;
}

/// Tracked frames on each side that a correction nearby finds in memory.
constexpr int kHotFrames = 32;

}  // namespace

PlanRequest plan_request(const MemoryOptions& memory, const Architecture& architecture,
                         const ModelOptions& model, const TrackingOptions& tracking,
                         const TrackingScene& scene) {
  PlanRequest request;
  request.limit_bytes = memory.limit_bytes;
  request.on_pressure = memory.on_pressure;
  request.host = native_costs(scene.origin, model.graph.weights);
  request.weights = model.graph.weights;
  request.architecture = architecture;
  request.clip_width = scene.clip.width;
  request.clip_height = scene.clip.height;
  request.read_width = scene.scaled_from.width;
  request.read_height = scene.scaled_from.height;
  request.objects = scene.objects;
  request.prompted_frames = scene.prompted_frames;
  request.both_ways = scene.both_ways;
  request.keeps_track = scene.keeps_track;
  request.labels = scene.labels;
  request.max_object_pointers = tracking.max_object_pointers;
  request.window_frames = memory_reach(tracking, architecture.num_maskmem);
  request.asked.cached_frames = tracking.cached_frames;
  request.asked.attention_chunk = model.graph.attention_chunk;
  request.asked.memories = tracking.memories ? tracking.memories : architecture.num_maskmem;
  request.asked.input_size = architecture.image_size;
  request.asked.hot_frames = scene.keeps_track ? kHotFrames : 0;
  const PictureSize read = scene.scaled_from.width ? scene.scaled_from : PictureSize{scene.clip.width, scene.clip.height};
  if (scene.origin == FrameOrigin::video_file)
    request.asked.held_frames =
        scene.backwards ? pictures_within(ClipOptions().held_bytes, read.width, read.height) : 1;
  return request;
}

Result<Plan> plan_tracking(const MemoryOptions& memory, const ModelOptions& model,
                           const TrackingOptions& tracking, const TrackingScene& scene) {
  MASKLET_ASSIGN(const OpenedModel opened, open_model(model));
  return make_plan(plan_request(memory, opened.architecture, model, tracking, scene));
}

Result<Limits> limits_of_environment(const Limits& otherwise) {
  const auto read = [](const char* name) {
    const char* const value = std::getenv(name);
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
  return limits_from(read, otherwise);
}

void follow(const Plan& plan, ModelOptions& model, TrackingOptions& tracking) {
  model.image_size = plan.settings.input_size;
  model.graph.attention_chunk = plan.settings.attention_chunk;
  model.runtime.pack_weights = plan.settings.packed_weights != 0;
  model.runtime.memory_limit_bytes = plan.runtime_bytes();
  tracking.cached_frames = plan.settings.cached_frames;
  tracking.memories = plan.settings.memories;
}

}  // namespace masklet::native
