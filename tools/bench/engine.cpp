// The measuring half of tools/bench/engine: one JSON object a line on stdout. SAM 2.1 with random weights.
//   bench_engine components [FLAGS]
//   bench_engine frames COUNT [FLAGS]
// FLAGS: --model tiny|small|base_plus|large, --size S, --dtype f32|f16|q8, --threads N, --chunk N,
// --least-memories N (components: memory attention with so many and more; 1)

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/graph/cost.h"
#include "core/graph/graph_builder.h"
#include "core/graph/networks.h"
#include "core/mask/resize_bicubic.h"
#include "core/model/recognise.h"
#include "core/tracking/session.h"
#include "native/runtime/runtime.h"
#include "tools/bench/must.h"
#include "tools/bench/random_checkpoint.h"

namespace masklet::bench {

void die(const Error& error) {
  std::fprintf(stderr, "bench_engine: %s\n", error.message.c_str());
  std::exit(1);
}

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

struct Setting {
  int least_memories = 1;
  Architecture architecture = published_models()[0].architecture;
  GraphOptions graph;
  native::RuntimeOptions runtime;
};

constexpr int kWidth = 1280, kHeight = 720;
constexpr int kRuns = 3;  // the fastest counts: what else the machine does can only slow a run down

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

template <class Work>
double fastest_ms(const Work& work) {
  double fastest = 1e300;
  for (int i = 0; i < kRuns; ++i) {
    const auto start = Clock::now();
    work();
    fastest = std::min(fastest, ms_since(start));
  }
  return fastest;
}

/// The product of two 2048 x 2048 matrices of f32, the second a weight as in a network.
double matmul_gflops(const native::RuntimeOptions& options, Checkpoint& checkpoint) {
  constexpr std::int64_t n = 2048;
  GraphBuilder b(NetworkId::image_encoder, checkpoint);
  Tensor weight(DType::f32, {n, n});
  std::fill(weight.f32().begin(), weight.f32().end(), 0.5f);
  b.output(b.matmul(b.input("a", DType::f32, {n, n}), b.constant(weight)), "b", {n, n});
  native::OrtRuntime runtime = must(native::OrtRuntime::create(options));
  must(runtime.load(must(b.finish())));
  RunNetwork step{NetworkId::image_encoder, {}, {}, {}};
  step.inputs.push_back({"a", weight});
  step.outputs.push_back({"b", {n, n}, 1});
  return 2.0 * n * n * n / 1e6 / fastest_ms([&] { must(runtime.run(step)); });
}

void load_networks(native::OrtRuntime& runtime, Checkpoint& checkpoint, const Setting& setting) {
  for (int i = 0; i < kNetworkCount; ++i)
    must(runtime.load(must(build_network(static_cast<NetworkId>(i), setting.architecture, checkpoint, setting.graph))));
}

/// A frame with some structure, so that no path is trivially empty.
std::vector<std::uint8_t> frame_pixels(int t) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(kWidth) * kHeight * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>((i * 7 + t * 13 + (i / (kWidth * 3)) * 3) & 0xff);
  return pixels;
}

void bench_components(const Setting& setting) {
  const Architecture& a = setting.architecture;
  RandomCheckpoint checkpoint(a);
  print({{"kind", "matmul"}, {"gflops", matmul_gflops(setting.runtime, checkpoint)}});
  native::OrtRuntime runtime = must(native::OrtRuntime::create(setting.runtime));
  load_networks(runtime, checkpoint, setting);

  const std::int64_t n = a.feature_tokens(), m = a.mem_dim, d = a.d_model, s = a.image_size, low = a.low_res_size();
  print({{"kind", "weights"}, {"bytes", runtime.weight_bytes()}});
  namespace names = tensor_names;
  enum : TensorHandle { vision = 1, high0, high1, conditioned };
  const auto report = [&](NetworkId id, int memories, int pointers, const RunNetwork& step) {
    const double ms = fastest_ms([&] { must(runtime.run(step)); });
    print({{"kind", "component"}, {"name", network_name(id)}, {"memories", memories}, {"pointers", pointers},
           {"ms", ms}, {"gflop", network_flop(id, a, memories, pointers) / 1e9}});
  };

  RunNetwork encode{NetworkId::image_encoder, {}, {}, {}};
  encode.inputs.push_back({names::kImage, Tensor(DType::u8, {s, s, 3})});
  encode.outputs = {{names::kVisionTokens, {n, d}, vision}, {names::kHighRes0, {16 * n, d / 8}, high0},
                    {names::kHighRes1, {4 * n, d / 4}, high1}};
  report(encode.network, 0, 0, encode);

  constexpr int pointers = 16;
  for (int memories = setting.least_memories; memories <= a.num_maskmem; ++memories) {
    RunNetwork attend{NetworkId::memory_attention, {}, {}, {}};
    attend.inputs.push_back({names::kVisionTokens, TensorHandle{vision}});
    attend.inputs.push_back({names::kSpatialMemory, Tensor(DType::f32, {memories, n, m})});
    attend.inputs.push_back({names::kTemporalRow, Tensor(DType::i64, {memories})});
    attend.inputs.push_back({names::kPointers, Tensor(DType::f32, {pointers, d})});
    attend.inputs.push_back({names::kPointerTime, Tensor(DType::f32, {pointers})});
    attend.outputs = {{names::kConditionedTokens, {n, d}, conditioned}};
    report(attend.network, memories, pointers, attend);
  }

  RunNetwork decode{NetworkId::mask_decoder, {}, {}, {}};
  decode.inputs.push_back({names::kFeatureTokens, TensorHandle{conditioned}});
  decode.inputs.push_back({names::kHighRes0, TensorHandle{high0}});
  decode.inputs.push_back({names::kHighRes1, TensorHandle{high1}});
  decode.inputs.push_back({names::kNoMemory, Tensor(DType::f32, {1})});
  decode.inputs.push_back({names::kPoints, Tensor(DType::f32, {2, 2})});
  decode.inputs.push_back({names::kLabels, Tensor(DType::i64, {2})});
  decode.inputs.push_back({names::kMaskPrompt, Tensor(DType::f32, {low, low})});
  decode.inputs.push_back({names::kHasMask, Tensor(DType::f32, {1})});
  decode.outputs = {{names::kMasks, {4, low, low}, 0}, {names::kIous, {4}, 0}, {names::kTokenPointers, {4, d}, 0},
                    {names::kObjectScore, {1}, 0}};
  report(decode.network, 0, 0, decode);

  RunNetwork remember{NetworkId::memory_encoder, {}, {}, {}};
  remember.inputs.push_back({names::kVisionTokens, TensorHandle{vision}});
  remember.inputs.push_back({names::kMaskLogits, Tensor(DType::f32, {low, low})});
  remember.inputs.push_back({names::kBinarise, Tensor(DType::f32, {1})});
  remember.inputs.push_back({names::kNoObject, Tensor(DType::f32, {1})});
  remember.outputs = {{names::kMemory, {n, m}, 0}};
  report(remember.network, 0, 0, remember);

  const std::vector<std::uint8_t> pixels = frame_pixels(0);
  BicubicResizer resizer(kWidth, kHeight, a.image_size, a.image_size);
  std::vector<std::uint8_t> resized(s * s * 3);
  const double ms = fastest_ms([&] { resizer.resize(packed_image(pixels.data(), kWidth, kHeight), resized); });
  print({{"kind", "resize"}, {"from", "1280x720"}, {"ms", ms}});
}

/// Tracks one object through a clip as a host does, timing what is core's own.
void bench_frames(int count, const Setting& setting) {
  const Architecture& a = setting.architecture;
  Model model;
  native::OrtRuntime runtime = must(native::OrtRuntime::create(setting.runtime));
  {
    RandomCheckpoint checkpoint(a);
    model = must(load_model(a, checkpoint));
    load_networks(runtime, checkpoint, setting);
  }
  TrackingOptions tracking;
  tracking.history_frames = 0;  // what a stream keeps: the windows that tracking itself needs
  tracking.cached_frames = 1;
  const std::unique_ptr<Session> session = must(Session::create(model, {kWidth, kHeight, 0}, tracking));
  PointPrompt click;
  click.points = {{640, 360, 1}};

  double network_ms = 0;
  auto frame_start = Clock::now();
  const auto drive = [&](const char* what) {
    for (;;) {
      const Step& step = session->next();
      if (const auto* done = std::get_if<Done>(&step)) return must(done->status);
      if (const auto* need = std::get_if<NeedFrame>(&step)) {
        if (need->frame >= count) {
          must(session->end_of_clip());
          continue;
        }
        const std::vector<std::uint8_t> pixels = frame_pixels(need->frame);  // decoding is not measured here
        frame_start = Clock::now();
        network_ms = 0;
        must(session->resume(packed_image(pixels.data(), kWidth, kHeight)));
      } else if (const auto* run = std::get_if<RunNetwork>(&step)) {
        runtime.release(run->release);
        const auto start = Clock::now();
        std::vector<Tensor> outputs = must(runtime.run(*run));
        network_ms += ms_since(start);
        must(session->resume(std::move(outputs)));
      } else {
        const double ms = ms_since(frame_start);
        print({{"kind", what}, {"frame", std::get<FrameReady>(step).result.frame}, {"ms", ms},
               {"core_ms", ms - network_ms}});
        must(session->resume());
      }
    }
  };
  must(session->add_points(click));
  drive("click");
  must(session->propagate({}));
  drive("frame");
}

Architecture model_named(const std::string& name) {
  for (const PublishedModel& model : published_models()) {
    if (model.size == name) return model.architecture;
  }
  die({ErrorCode::invalid_argument, "there is no model '" + name + "'; choose tiny, small, base_plus or large"});
}

int run(int argc, char** argv) {
  Setting setting;
  const std::string mode = argc > 1 ? argv[1] : "";
  int at = mode == "frames" ? 3 : 2, size = 0;
  for (; at + 1 < argc; at += 2) {
    const std::string flag = argv[at];
    const char* const value = argv[at + 1];
    if (flag == "--threads") setting.runtime.threads = std::atoi(value);
    if (flag == "--least-memories") setting.least_memories = std::atoi(value);
    if (flag == "--chunk") setting.graph.attention_chunk = std::atoi(value);
    if (flag == "--dtype") setting.graph.weights = must(parse_weight_storage(value));
    if (flag == "--size") size = std::atoi(value);
    if (flag == "--model") setting.architecture = model_named(value);
  }
  if (size) setting.architecture.image_size = size;
  if (mode == "components") {
    bench_components(setting);
  } else if (mode == "frames" && argc > 2) {
    bench_frames(std::atoi(argv[2]), setting);
  } else {
    std::fprintf(stderr, "usage: bench_engine components | frames COUNT [FLAGS]; FLAGS stand at the top of engine.cpp\n");
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace masklet::bench

int main(int argc, char** argv) { return masklet::bench::run(argc, argv); }
