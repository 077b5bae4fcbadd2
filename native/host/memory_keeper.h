#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/tracking/session.h"
#include "native/host/memory_plan.h"
#include "native/output/progress.h"

namespace masklet::native {

/// Keeps one run under its memory limit: plans it, accounts for it, and steps down where that is allowed. Must
/// outlive the run's model host and session.
class MemoryKeeper {
 public:
  MemoryKeeper(const MemoryOptions& options, Progress& progress);

  /// Makes the run follow a plan where there is a limit, and account for what it holds in any case. Errors:
  /// those of the model's files; out_of_memory where the plan does not fit. Nothing is loaded.
  /// `frames`, where they are open already, hold what the plan says.
  Status prepare(const TrackingScene& scene, ModelOptions& model, TrackingOptions& tracking, FrameSource* frames);

  /// What a session of this run is given.
  SessionHost session_host() { return {&account_, nullptr, 0, most_prompted_frames_}; }

  /// Accounts for a frame whose result is about to be written. Errors: out_of_memory.
  Status take(const FrameResult& result, const Clip& clip, const FrameSource& frames);

  /// After `status`, out_of_memory: puts a session that holds less in the place of this one, which goes on from
  /// the same state. False where the status is another one, degrading is not allowed, or nothing is left to give
  /// up.
  Result<bool> step_down(const Status& status, ModelHost& host, std::unique_ptr<Session>& session);

  /// `session` may be null.
  RunMemory memory(const Session* session) const;
  /// What was given up, in the order in which it was.
  const std::vector<std::string>& steps() const { return steps_; }
  /// Of the plan; empty where there is none.
  const std::string& warning() const { return warning_; }

 private:
  void report_step(const std::string& step);

  const MemoryOptions options_;
  Progress& progress_;
  MemoryAccount account_;
  MemoryCharge program_{account_, MemoryCategory::program, "the program"};
  MemoryCharge frames_{account_, MemoryCategory::frames, "decoded pictures"};
  std::vector<std::string> steps_;
  std::string warning_;
  int most_prompted_frames_ = 0;
};

}  // namespace masklet::native
