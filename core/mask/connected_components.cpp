#include "core/mask/connected_components.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace masklet {
namespace {

/// The runs' disjoint sets. A set is named by its smallest member.
class RunSets {
 public:
  int add() {
    parents_.push_back(static_cast<int>(parents_.size()));
    return parents_.back();
  }

  int find(int run) {
    while (parents_[run] != run) run = parents_[run] = parents_[parents_[run]];
    return run;
  }

  void join(int a, int b) {
    a = find(a);
    b = find(b);
    parents_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<int> parents_;
};

/// Components of the pixels for which `belongs(index)` holds.
template <class Belongs>
Components find_components(int width, int height, Belongs belongs) {
  Components components;
  std::vector<ComponentRun>& runs = components.runs;
  RunSets sets;
  std::size_t above = 0;  // the first run of the row above that may still touch a run of this row
  std::size_t above_end = 0;
  for (int y = 0; y < height; ++y) {
    const std::size_t row_begin = runs.size();
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(y) * width;
    for (int x = 0; x < width;) {
      if (!belongs(row + x)) {
        ++x;
        continue;
      }
      const int begin = x;
      while (x < width && belongs(row + x)) ++x;
      const int run = sets.add();
      runs.push_back({y, begin, x, run});
      // Diagonal neighbours touch: a run above may end where this one begins, or begin where this one ends.
      while (above < above_end && runs[above].x_end < begin) ++above;
      for (std::size_t other = above; other < above_end && runs[other].x_begin <= x; ++other) {
        sets.join(run, static_cast<int>(other));
      }
    }
    above = row_begin;
    above_end = runs.size();
  }
  // A set's smallest run comes first, so its number is known when the others ask for it.
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const int root = sets.find(static_cast<int>(i));
    if (root == static_cast<int>(i)) {
      runs[i].component = static_cast<int>(components.areas_px.size());
      components.areas_px.push_back(0);
    } else {
      runs[i].component = runs[root].component;
    }
    components.areas_px[runs[i].component] += runs[i].x_end - runs[i].x_begin;
  }
  return components;
}

Components background_of(std::span<const float> logits, int width, int height, float threshold) {
  assert(logits.size() == static_cast<std::size_t>(width) * height);
  return find_components(width, height, [&](std::ptrdiff_t i) { return logits[i] <= threshold; });
}

Components foreground_of(std::span<const float> logits, int width, int height, float threshold) {
  assert(logits.size() == static_cast<std::size_t>(width) * height);
  return find_components(width, height, [&](std::ptrdiff_t i) { return logits[i] > threshold; });
}

void overwrite_small(const Components& components, int max_area_px, float value, int width,
                     std::span<float> logits) {
  for (const ComponentRun& run : components.runs) {
    if (components.areas_px[run.component] > max_area_px) continue;
    const auto row = logits.begin() + static_cast<std::ptrdiff_t>(run.y) * width;
    std::fill(row + run.x_begin, row + run.x_end, value);
  }
}

}  // namespace

Components connected_components(std::span<const std::uint8_t> mask, int width, int height) {
  assert(mask.size() == static_cast<std::size_t>(width) * height);
  return find_components(width, height, [&](std::ptrdiff_t i) { return mask[i] != 0; });
}

void fill_holes(std::span<float> logits, int width, int height, int max_area_px, float value,
                float threshold) {
  if (max_area_px <= 0) return;
  overwrite_small(background_of(logits, width, height, threshold), max_area_px, value, width, logits);
}

void remove_sprinkles(std::span<float> logits, int width, int height, int max_area_px, float value,
                      float threshold) {
  if (max_area_px <= 0) return;
  overwrite_small(foreground_of(logits, width, height, threshold), max_area_px, value, width, logits);
}

void clean_image_mask(std::span<float> logits, int width, int height, int max_hole_area_px,
                      int max_sprinkle_area_px, float threshold) {
  Components sprinkles;
  if (max_sprinkle_area_px > 0) sprinkles = foreground_of(logits, width, height, threshold);
  fill_holes(logits, width, height, max_hole_area_px, threshold + 10.0f, threshold);
  overwrite_small(sprinkles, max_sprinkle_area_px, threshold - 10.0f, width, logits);
}

}  // namespace masklet
