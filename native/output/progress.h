#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "core/base/result.h"
#include "native/output/run_memory.h"

namespace masklet::native {

enum class ProgressMode { bar, json, none };

/// "auto": a bar where stderr is a terminal, JSON lines elsewhere. Errors: invalid_argument.
Result<ProgressMode> parse_progress_mode(const std::string& text);

/// Tells on stderr how far a run is. JSON: a line a frame, {"phase", "frame", "done", "frames", "fps",
/// "eta_s", "memory_bytes", "memory_peak_bytes"}: the frame just finished, how many are, how many there will be,
/// the rate of this phase so far, the seconds left at that rate, and the process's resident memory. fps and
/// eta_s are 0 before the first frame. A phase that does not count frames may have a "share" of 0 to 1 instead.
/// Where the run tells what it holds, "accounted_bytes" and "accounted_peak_bytes" are what its account says,
/// "cache_hits" and "cache_misses" how often a frame's features were there already.
class Progress {
 public:
  explicit Progress(ProgressMode mode) : mode_(mode) {}
  ~Progress() { close_bar(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Asked for every line from now on; empty: no more.
  void tell_memory(std::function<RunMemory()> memory) { memory_ = std::move(memory); }

  /// Begins a phase of `frames` frames; 0 where it does not count any.
  void begin(const std::string& phase, int frames);
  /// A frame is finished.
  void advance(int frame);
  /// How much of a phase without frames is done, 0 .. 1; shown a few times a second at most.
  void report_share(double share);
  /// Something to know that is no progress: {"phase", kind: text}.
  void note(const std::string& kind, const std::string& text);
  /// Frames finished a second in this phase.
  double fps() const;

 private:
  void show(int frame);
  void show_bar() const;
  void show_json(int frame) const;
  void close_bar();
  double eta_s() const;

  ProgressMode mode_;
  std::function<RunMemory()> memory_;
  std::string phase_;
  int frames_ = 0;
  int done_ = 0;
  double share_ = 0;
  bool bar_open_ = false;
  std::chrono::steady_clock::time_point start_{}, last_{};
};

}  // namespace masklet::native
