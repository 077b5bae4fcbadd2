#include "wasm/plan_value.h"

#include "core/budget/limits.h"
#include "core/budget/plan.h"
#include "core/frame/downscaler.h"
#include "core/tracking/memory_bank.h"
#include "wasm/values.h"

namespace masklet::wasm {
namespace {

std::uint64_t bytes_of(const val& object, const char* key) {
  return static_cast<std::uint64_t>(object[key].as<double>());
}

HostCosts host_of(const val& host) {
  HostCosts costs;
  costs.program_bytes = bytes_of(host, "program");
  costs.weights_held = host["weightsHeld"].as<double>();
  costs.weights_loading = host["weightsLoading"].as<double>();
  costs.widened = host["widened"].as<double>();
  costs.spare = host["spare"].as<double>();
  costs.most_spare_bytes = bytes_of(host, "mostSpare");
  costs.run_bytes = bytes_of(host, "run");
  costs.encoder_beside_bytes = bytes_of(host, "encoderBeside");
  costs.picture_bytes = host["pictureBytes"].as<double>();
  costs.decoder_pictures = int_or(host, "decoderPictures", 0);
  costs.kept_result_bytes = bytes_of(host, "keptResults");
  costs.results_under_way = int_or(host, "resultsUnderWay", 0);
  costs.loads_before_frames = true;
  return costs;
}

}  // namespace

val plan_session(const ModelHandle& model, val request) {
  return guarded([&] {
    const auto tracking = options_of(request["tracking"]);
    if (!tracking) return failure(tracking.error());
    const Clip clip = clip_of(request["clip"]);
    const val asked = request["asked"];
    PlanRequest plan;
    plan.limit_bytes = bytes_of(request, "limit");
    plan.on_pressure = bool_or(request, "degrade", false) ? OnPressure::degrade : OnPressure::fail;
    plan.host = host_of(request["host"]);
    plan.architecture = model.model.architecture;
    const auto weights = parse_weight_storage(string_or(request, "weights", "f32"));
    if (!weights) return failure(weights.error());
    plan.weights = *weights;
    plan.clip_width = clip.width;
    plan.clip_height = clip.height;
    plan.read_width = int_or(request["read"], "width", 0);
    plan.read_height = int_or(request["read"], "height", 0);
    plan.objects = int_or(request, "objects", plan.objects);
    plan.prompted_frames = int_or(request, "promptedFrames", plan.prompted_frames);
    plan.keeps_track = bool_or(request, "keepsTrack", false);
    plan.both_ways = bool_or(request, "bothWays", false);
    plan.labels = bool_or(request, "labels", false);
    plan.max_object_pointers = tracking->max_object_pointers;
    plan.window_frames = memory_reach(*tracking, plan.architecture.num_maskmem);
    plan.asked.cached_frames = tracking->cached_frames;
    plan.asked.attention_chunk = int_or(asked, "attentionChunk", plan.asked.attention_chunk);
    plan.asked.held_frames = int_or(asked, "heldFrames", 0);
    plan.asked.hot_frames = int_or(asked, "hotFrames", 0);
    plan.asked.memories = tracking->memories ? tracking->memories : plan.architecture.num_maskmem;
    plan.asked.input_size = plan.architecture.image_size;
    const auto found = make_plan(plan);
    return found ? success(val(plan_json(*found))) : failure(found.error());
  });
}

val check_clip(val clip, val limits) {
  const Clip size = clip_of(clip);
  const Limits most{int_or(limits, "maxVideoFrames", 0), int_or(limits, "maxFrameDimension", 0)};
  return outcome(check_limits(most, size.width, size.height, size.frame_count,
                              {"limits.maxVideoFrames", "limits.maxFrameDimension", "limits.downscaleMax"}));
}

val downscaled_size_of(val clip, int longest) {
  const Clip size = clip_of(clip);
  const auto [width, height] = downscaled_size({size.width, size.height}, longest);
  val value = val::object();
  value.set("width", width);
  value.set("height", height);
  return value;
}

}  // namespace masklet::wasm
