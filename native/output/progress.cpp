#include "native/output/progress.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/budget/bytes.h"

namespace masklet::native {
namespace {

long long resident_bytes() {
  std::ifstream file("/proc/self/statm");
  long long pages = 0, resident = 0;
  return file >> pages >> resident ? resident * sysconf(_SC_PAGESIZE) : 0;
}

double rounded(double value) {
  return std::round(value * 100) / 100;
}

}  // namespace

Result<ProgressMode> parse_progress_mode(const std::string& text) {
  if (text == "auto") return isatty(STDERR_FILENO) ? ProgressMode::bar : ProgressMode::json;
  if (text == "bar") return ProgressMode::bar;
  if (text == "json") return ProgressMode::json;
  if (text == "none") return ProgressMode::none;
  return Error{ErrorCode::invalid_argument,
               "--progress is '" + text + "'; it must be auto, bar, json or none"};
}

void Progress::begin(const std::string& phase, int frames) {
  close_bar();
  phase_ = phase;
  frames_ = frames;
  done_ = 0;
  share_ = 0;
  start_ = last_ = std::chrono::steady_clock::now();
  show(-1);
}

void Progress::advance(int frame) {
  ++done_;
  last_ = std::chrono::steady_clock::now();
  show(frame);
}

void Progress::report_share(double share) {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(250)) return;
  last_ = now;
  share_ = share;
  show(-1);
}

void Progress::note(const std::string& kind, const std::string& text) {
  if (mode_ == ProgressMode::none) return;
  close_bar();
  if (mode_ == ProgressMode::json) {
    const nlohmann::ordered_json line = {{"phase", phase_}, {kind, text}};
    std::fprintf(stderr, "%s\n", line.dump().c_str());
  } else {
    std::fprintf(stderr, "%s: %s\n", kind.c_str(), text.c_str());
  }
}

double Progress::fps() const {
  const double seconds = std::chrono::duration<double>(last_ - start_).count();
  return seconds > 0 ? done_ / seconds : 0;
}

double Progress::eta_s() const {
  if (share_ > 0) return std::chrono::duration<double>(last_ - start_).count() * (1 - share_) / share_;
  return fps() > 0 ? (frames_ - done_) / fps() : 0;
}

void Progress::show(int frame) {
  if (mode_ == ProgressMode::json) show_json(frame);
  if (mode_ == ProgressMode::bar) {
    show_bar();
    bar_open_ = true;
  }
}

void Progress::show_bar() const {
  if (frames_ == 0) {
    std::fprintf(stderr, "\r\033[K%s ...", phase_.c_str());
    if (share_ > 0) std::fprintf(stderr, " %.0f %%, %.0f s left", 100 * share_, eta_s());
    return;
  }
  constexpr int kWidth = 30;
  const int full = kWidth * done_ / frames_;
  std::fprintf(stderr, "\r\033[K%s [%s%s] %d/%d", phase_.c_str(), std::string(full, '#').c_str(),
               std::string(kWidth - full, '.').c_str(), done_, frames_);
  if (done_) std::fprintf(stderr, "  %.1f frames/s, %.0f s left", fps(), eta_s());
  std::fprintf(stderr, ", %s, at most %s", format_bytes(static_cast<std::uint64_t>(resident_bytes())).c_str(),
               format_bytes(peak_resident_bytes()).c_str());
}

void Progress::show_json(int frame) const {
  nlohmann::ordered_json line = {{"phase", phase_}};
  if (frame >= 0) line["frame"] = frame;
  if (share_ > 0) line["share"] = rounded(share_);
  line["done"] = done_;
  line["frames"] = frames_;
  line["fps"] = rounded(fps());
  line["eta_s"] = rounded(eta_s());
  line["memory_bytes"] = resident_bytes();
  line["memory_peak_bytes"] = peak_resident_bytes();
  if (memory_) {
    const RunMemory memory = memory_();
    line["accounted_bytes"] = memory.report.total.current;
    line["accounted_peak_bytes"] = memory.report.total.peak;
    line["cache_hits"] = memory.cache.hits;
    line["cache_misses"] = memory.cache.misses;
  }
  std::fprintf(stderr, "%s\n", line.dump().c_str());
}

void Progress::close_bar() {
  if (bar_open_) std::fputc('\n', stderr);
  bar_open_ = false;
}

}  // namespace masklet::native
