// Measures what a model holds: the figures from which core/budget/network_prices.cpp was calibrated. One JSON object a
// line on stdout: each network's peaks by category of memory, then the process's own peak.
//   bench_memory MODEL [--size S] [--dtype f32|f16|q8] [--chunk N] [--frames N] [--objects N] [--clip WIDTHxHEIGHT]
//                [--threads N] [--unpacked 1]
// MODEL is tiny, small, base_plus or large, with random weights, or a model folder.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/graph/networks.h"
#include "core/tracking/session.h"
#include "native/cli/frame_size.h"
#include "native/host/model_host.h"
#include "tools/bench/bench_model.h"
#include "tools/bench/must.h"

namespace masklet::bench {

void die(const Error& error) {
  std::fprintf(stderr, "bench_memory: %s\n", error.message.c_str());
  std::exit(1);
}

namespace {

using nlohmann::json;

struct Options {
  std::string model;
  int size = 0;
  int chunk = GraphOptions().attention_chunk;
  int frames = 10;
  int objects = 1;
  native::FrameSize clip{1280, 720};
  int threads = 0;
  WeightStorage weights = WeightStorage::f32;
  bool unpacked = false;
};

long long peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::atoll(line.c_str() + 6);
  }
  return 0;
}

void measure(const Options& options) {
  MemoryAccount account(nullptr);
  native::RuntimeOptions runtime_options;
  runtime_options.threads = options.threads;
  runtime_options.pack_weights = !options.unpacked;
  runtime_options.account = &account;
  native::OrtRuntime runtime = must(native::OrtRuntime::create(runtime_options));
  Model model;
  {
    const native::OpenedModel opened = open_bench_model(options.model, options.size);
    model = must(load_model(opened.architecture, *opened.checkpoint));
    GraphOptions graph;
    graph.attention_chunk = options.chunk;
    graph.weights = options.weights;
    for (int i = 0; i < kNetworkCount; ++i) {
      const auto id = static_cast<NetworkId>(i);
      const std::uint64_t before = account.report()[MemoryCategory::weights].current;
      const Network network = must(build_network(id, opened.architecture, *opened.checkpoint, graph));
      must(runtime.load(network));
      print({{"kind", "weights"},
             {"network", network_name(id)},
             {"given", network.weights.size()},
             {"model", network.onnx.size()},
             {"held", account.report()[MemoryCategory::weights].current - before},
             {"load", runtime.memory_use().last_bytes},
             {"vm_hwm_kib", peak_kib()}});
    }
  }
  TrackingOptions tracking;
  tracking.history_frames = 0;
  tracking.cached_frames = 1;
  const Clip clip{options.clip.width, options.clip.height, 0};
  const auto session = must(Session::create(model, clip, tracking, {&account, nullptr, 0, 0}));
  const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(clip.width) * clip.height * 3, 127);
  std::map<NetworkId, std::size_t> activations;  // the most that a run of the network held
  const auto drive = [&] {
    for (;;) {
      const Step& step = session->next();
      if (const auto* done = std::get_if<Done>(&step)) return must(done->status);
      if (const auto* need = std::get_if<NeedFrame>(&step)) {
        if (need->frame >= options.frames) {
          must(session->end_of_clip());
        } else {
          must(session->resume(packed_image(pixels.data(), clip.width, clip.height)));
        }
      } else if (const auto* run = std::get_if<RunNetwork>(&step)) {
        runtime.release(run->release);
        const NetworkId id = run->network;
        std::vector<Tensor> outputs = must(runtime.run(*run));
        activations[id] = std::max(activations[id], runtime.memory_use().last_bytes);
        must(session->resume(std::move(outputs)));
      } else {
        must(session->resume());
      }
    }
  };
  for (int object = 1; object <= options.objects; ++object) {
    PointPrompt click;
    click.object = object;
    click.points = {{static_cast<float>(clip.width) / 2, static_cast<float>(clip.height) / 2, 1}};
    must(session->add_points(click));
    drive();
  }
  must(session->propagate({}));
  drive();
  for (const auto& [id, bytes] : activations)
    print({{"kind", "activations"}, {"network", network_name(id)}, {"bytes", bytes}});
  const MemoryReport report = account.report();
  for (int i = 0; i < kMemoryCategoryCount; ++i)
    print({{"kind", "category"},
           {"name", memory_category_name(static_cast<MemoryCategory>(i))},
           {"current", report.categories[i].current},
           {"peak", report.categories[i].peak}});
  print({{"kind", "total"}, {"current", report.total.current}, {"peak", report.total.peak}, {"vm_hwm_kib", peak_kib()}});
}

int run(int argc, char** argv) {
  Options options;
  if (argc < 2 || argc % 2) {
    std::fprintf(stderr, "usage: bench_memory MODEL [--size S] [--dtype D] [--chunk N] [--frames N] [--objects N] [--clip WxH] "
                         "[--threads N] [--unpacked 1]\n");
    return 2;
  }
  options.model = argv[1];
  for (int at = 2; at + 1 < argc; at += 2) {
    const std::string flag = argv[at];
    const char* const value = argv[at + 1];
    if (flag == "--size") options.size = std::atoi(value);
    if (flag == "--chunk") options.chunk = std::atoi(value);
    if (flag == "--frames") options.frames = std::atoi(value);
    if (flag == "--objects") options.objects = std::atoi(value);
    if (flag == "--threads") options.threads = std::atoi(value);
    if (flag == "--dtype") options.weights = must(parse_weight_storage(value));
    if (flag == "--unpacked") options.unpacked = std::atoi(value) != 0;
    if (flag == "--clip") options.clip = must(native::parse_frame_size(value));
  }
  measure(options);
  return 0;
}

}  // namespace
}  // namespace masklet::bench

int main(int argc, char** argv) { return masklet::bench::run(argc, argv); }
