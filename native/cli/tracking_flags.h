#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>

#include "core/tracking/options.h"

namespace masklet::native {

/// The options by which a command says how to track. Where a default is not the reference's, options.h says
/// so.
inline void add_tracking_flags(CLI::App& command, TrackingOptions& options) {
  const auto add = [&](const char* flag, auto& value, const char* about) {
    return command.add_option(flag, value, about)->capture_default_str()->group("Tracking");
  };
  add("--memories", options.memories, "Spatial memories that attention sees; 0: the model's number");
  add("--memory-stride", options.memory_stride, "Every how manyth frame is remembered");
  std::map<std::string, MemoryPolicy> policies;
  for (const MemoryPolicy policy : {MemoryPolicy::recent, MemoryPolicy::confident, MemoryPolicy::anchored})
    policies.emplace(memory_policy_name(policy), policy);
  command
      .add_option(
          "--memory-policy", options.memory_policy,
          "Which frames are remembered: recent (SAM 2's own), confident (those with a high IoU estimate), or "
          "anchored (recent ones and the best so far)")
      ->transform(CLI::CheckedTransformer(policies).description(""))
      ->default_str("recent")
      ->group("Tracking");
  add("--min-memory-iou", options.min_memory_iou, "The IoU estimate from which a frame is confident");
  add("--max-conditioning-frames", options.max_conditioning_frames,
      "Prompted frames that attention sees, the nearest ones; -1: all");
  add("--max-object-pointers", options.max_object_pointers, "Frames in the window of object pointers");
  add("--fill-hole-area", options.fill_hole_area,
      "Holes of at most this many low-resolution pixels are filled");
  command
      .add_flag("--non-overlapping", options.non_overlapping_masks, "A pixel belongs to one object at most")
      ->group("Tracking");
}

}  // namespace masklet::native
