// The half of tools/bench/soak that holds the memory: tracks a synthetic clip that streams through, under a cap, with the
// tracked frames' records in a file. One JSON object a line on stdout: the plan, a line every so many frames, the sum over
// all masks.
//   bench_soak MODEL [--limit 192MiB] [--frames N] [--size S] [--clip WxH] [--objects N] [--corrections A,B,...]
//              [--every N] [--threads N] [--dtype f32|f16|q8] [--unbounded 1]
// MODEL is tiny, small, base_plus or large, with random weights, or a model folder. --unbounded keeps every record in
// memory and plans nothing.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/sha256.h"
#include "core/budget/bytes.h"
#include "core/mask/rle.h"
#include "core/synth/synth_clip.h"
#include "core/tracking/frame_masks.h"
#include "core/tracking/session.h"
#include "native/cli/frame_size.h"
#include "native/host/drive.h"
#include "native/host/file_record_store.h"
#include "native/host/memory_plan.h"
#include "tools/bench/bench_model.h"
#include "tools/bench/must.h"

namespace masklet::bench {

void die(const Error& error) {
  print({{"kind", "error"}, {"code", error_name(error.code)}, {"message", error.message}});
  std::exit(1);
}

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string model;
  std::uint64_t limit_bytes = 0;
  int frames = 300;
  int size = 0;
  native::FrameSize clip{1920, 1080};
  int objects = 2;
  std::vector<int> corrections;
  int every = 50;
  int threads = 0;
  WeightStorage weights = WeightStorage::f32;
  bool unbounded = false;
};

/// Draws each frame when it is asked for, small and then enlarged: at 1080p drawing takes four times as long as tracking.
class SynthSource final : public native::FrameSource {
 public:
  SynthSource(native::FrameSize size, int objects, int frames)
      : size_(size),
        clip_(must(SynthClip::create({small(size.width), small(size.height), objects, kSeed}))),
        frames_(frames),
        small_rgb_(static_cast<std::size_t>(small(size.width)) * small(size.height) * 3),
        ids_(small_rgb_.size() / 3),
        rgb_(static_cast<std::size_t>(size.width) * size.height * 3) {}

  int frame_count() const override { return frames_; }
  int width() const override { return size_.width; }
  int height() const override { return size_.height; }
  double time_s(int frame) const override { return frame / 30.0; }
  std::size_t held_bytes() const override { return small_rgb_.size() + ids_.size() + rgb_.size(); }
  Result<ImageView> read(int frame) override {
    clip_.render(frame, small_rgb_, ids_);
    std::uint8_t* out = rgb_.data();
    for (int y = 0; y < size_.height; ++y) {
      const std::uint8_t* row = small_rgb_.data() + static_cast<std::size_t>(y / kEnlarged) * small(size_.width) * 3;
      for (int x = 0; x < size_.width; ++x) out = std::copy_n(row + x / kEnlarged * 3, 3, out);
    }
    return packed_image(rgb_.data(), width(), height());
  }
  /// A pixel inside an object on a frame; the middle where it is not there.
  Point inside(int frame, int object) {
    clip_.render(frame, small_rgb_, ids_);
    std::vector<std::size_t> pixels;
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      if (ids_[i] == object) pixels.push_back(i);
    }
    const std::size_t at = pixels.empty() ? ids_.size() / 2 : pixels[pixels.size() / 2];
    const std::size_t across = static_cast<std::size_t>(small(size_.width));
    const auto middle = [](std::size_t cell) { return static_cast<float>(cell * kEnlarged + kEnlarged / 2); };
    return {middle(at % across), middle(at / across), 1};
  }

 private:
  static constexpr int kEnlarged = 4, kSeed = 7;
  static int small(int length) { return (length + kEnlarged - 1) / kEnlarged; }

  native::FrameSize size_;
  SynthClip clip_;
  int frames_;
  std::vector<std::uint8_t> small_rgb_, ids_, rgb_;
};

class Soak {
 public:
  explicit Soak(const Options& options)
      : options_(options),
        source_(options.clip, options.objects, options.frames),
        account_(options.unbounded ? 0 : options.limit_bytes) {}

  void run() {
    TrackingOptions tracking;
    load(tracking);
    open_session(tracking);
    for (int object = 1; object <= options_.objects; ++object) prompt(object, 0);
    track(0, std::nullopt);
    for (int frame : options_.corrections) {
      prompt(1, frame);
      track(frame, 20);
    }
    const MemoryReport report = account_.report();
    json categories;
    for (int i = 0; i < kMemoryCategoryCount; ++i)
      categories[std::string(memory_category_name(static_cast<MemoryCategory>(i)))] = report.categories[i].peak;
    print({{"kind", "end"}, {"masks", sum_.hex()}, {"accounted_peak_bytes", report.total.peak}, {"peaks", categories},
           {"cache_hits", session_->cache_use().hits}, {"cache_misses", session_->cache_use().misses}});
  }

 private:
  void load(TrackingOptions& tracking) {
    const native::OpenedModel opened = open_bench_model(options_.model, options_.size);
    native::ModelOptions model;
    model.runtime.threads = options_.threads;
    model.graph.weights = options_.weights;
    if (!options_.unbounded) {
      native::TrackingScene scene;
      scene.clip = {options_.clip.width, options_.clip.height, options_.frames};
      scene.origin = source_.origin();
      scene.objects = options_.objects;
      scene.prompted_frames = 1 + static_cast<int>(options_.corrections.size());
      scene.keeps_track = true;
      native::MemoryOptions memory;
      memory.limit_bytes = options_.limit_bytes;
      const Plan plan = must(make_plan(native::plan_request(memory, opened.architecture, model, tracking, scene)));
      native::follow(plan, model, tracking);
      hot_frames_ = plan.settings.hot_frames;
      most_prompted_frames_ = plan.most_prompted_frames;
      print({{"kind", "plan"}, {"plan", json::parse(plan_json(plan))}});
    }
    model.runtime.account = &account_;
    host_ = must(native::load_model_host(opened, model));
  }

  void open_session(const TrackingOptions& tracking) {
    SessionHost given;
    given.account = &account_;
    given.hot_frames = hot_frames_;
    given.max_prompted_frames = most_prompted_frames_;
    if (!options_.unbounded) {
      store_ = must(native::FileRecordStore::create(std::filesystem::temp_directory_path().string()));
      given.store = store_.get();
    }
    session_ = must(Session::create(host_->model, {options_.clip.width, options_.clip.height, options_.frames}, tracking,
                                    given));
  }

  void prompt(int object, int frame) {
    PointPrompt click;
    click.object = object;
    click.frame = frame;
    click.points = {source_.inside(frame, object)};
    must(session_->add_points(click));
    must(native::drive(*session_, host_->runtime, source_, [&](const FrameResult& result) { return take(result); }));
  }

  void track(int start, std::optional<int> length) {
    must(session_->propagate({start, length, false}));
    int done = 0;
    auto since = Clock::now();
    must(native::drive(*session_, host_->runtime, source_, [&](const FrameResult& result) {
      if (++done % options_.every == 0) {
        const double s = std::chrono::duration<double>(Clock::now() - since).count();
        print({{"kind", "frame"}, {"from", start}, {"frame", result.frame}, {"fps", options_.every / s},
               {"accounted_bytes", account_.report().total.current}});
        since = Clock::now();
      }
      return take(result);
    }));
  }

  Status take(const FrameResult& result) {
    const Clip clip{options_.clip.width, options_.clip.height, options_.frames};
    const FrameMasks masks = frame_masks(result, host_->model.architecture.low_res_size(), clip, false);
    for (const ObjectMask& object : masks.objects) {
      const std::string line = std::to_string(result.frame) + " " + std::to_string(object.object) + " " +
                               rle_to_string(rle_encode(object.mask, clip.width, clip.height)) + "\n";
      sum_.update(std::as_bytes(std::span(line.data(), line.size())));
    }
    return {};
  }

  const Options& options_;
  SynthSource source_;
  MemoryAccount account_;
  std::unique_ptr<native::FileRecordStore> store_;
  std::unique_ptr<native::ModelHost> host_;
  std::unique_ptr<Session> session_;
  int hot_frames_ = 0, most_prompted_frames_ = 0;
  Sha256 sum_;
};

int run(int argc, char** argv) {
  Options options;
  if (argc < 2 || argc % 2) {
    std::fprintf(stderr, "usage: bench_soak MODEL [--limit BYTES] [--frames N] [--size S] [--clip WxH] [--objects N] "
                         "[--corrections A,B,...] [--every N] [--threads N] [--dtype D] [--unbounded 1]\n");
    return 2;
  }
  options.model = argv[1];
  for (int at = 2; at + 1 < argc; at += 2) {
    const std::string flag = argv[at];
    const char* const value = argv[at + 1];
    if (flag == "--limit") options.limit_bytes = must(parse_bytes(value, "--limit"));
    if (flag == "--frames") options.frames = std::atoi(value);
    if (flag == "--size") options.size = std::atoi(value);
    if (flag == "--objects") options.objects = std::atoi(value);
    if (flag == "--every") options.every = std::atoi(value);
    if (flag == "--threads") options.threads = std::atoi(value);
    if (flag == "--dtype") options.weights = must(parse_weight_storage(value));
    if (flag == "--unbounded") options.unbounded = std::atoi(value) != 0;
    if (flag == "--clip") options.clip = must(native::parse_frame_size(value));
    if (flag == "--corrections") {
      std::stringstream list(value);
      for (std::string frame; std::getline(list, frame, ',');) options.corrections.push_back(std::atoi(frame.c_str()));
    }
  }
  Soak(options).run();
  return 0;
}

}  // namespace
}  // namespace masklet::bench

int main(int argc, char** argv) { return masklet::bench::run(argc, argv); }
