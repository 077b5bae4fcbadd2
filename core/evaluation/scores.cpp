#include "core/evaluation/scores.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <numeric>

namespace masklet {
namespace {

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Statistics operator+(const Statistics& a, const Statistics& b) {
  return {a.mean + b.mean, a.recall + b.recall, a.decay + b.decay};
}

Statistics operator/(const Statistics& a, double count) {
  return {a.mean / count, a.recall / count, a.decay / count};
}

/// Adds up what objects have on a stretch, where they have anything.
void add(std::optional<double>& sum, const std::optional<double>& value) {
  if (value) sum = sum.value_or(0) + *value;
}

}  // namespace

Statistics statistics(std::span<const double> values) {
  assert(!values.empty());
  const std::size_t last = values.size() - 1;
  // Five marks from the first value to the last, evenly apart, halves rounded up.
  const auto mark = [last](std::size_t i) { return (i * last + 2) / 4; };
  const double first_quarter = mean_of(values.subspan(0, mark(1) + 1));
  const double last_quarter = mean_of(values.subspan(mark(3), last - mark(3) + 1));
  const auto over = std::count_if(values.begin(), values.end(), [](double value) { return value > 0.5; });
  return {mean_of(values), static_cast<double>(over) / static_cast<double>(values.size()),
          first_quarter - last_quarter};
}

std::optional<double> stretch_mean(std::span<const double> values, const Stretch& stretch) {
  const auto begin = static_cast<std::size_t>(stretch.first - 1);
  if (begin >= values.size()) return std::nullopt;
  const std::size_t end = std::min(values.size(), static_cast<std::size_t>(stretch.last));
  return mean_of(values.subspan(begin, end - begin));
}

Summary summarise(std::span<const SequenceScores> sequences) {
  Summary summary;
  for (const SequenceScores& sequence : sequences) {
    for (const ObjectScores& object : sequence.objects) {
      ++summary.objects;
      summary.j = summary.j + statistics(object.j);
      summary.f = summary.f + statistics(object.f);
      for (std::size_t i = 0; i < kStretches.size(); ++i) {
        const std::optional<double> j = stretch_mean(object.j, kStretches[i]);
        summary.objects_by_stretch[i] += j.has_value();
        add(summary.j_by_stretch[i], j);
        add(summary.f_by_stretch[i], stretch_mean(object.f, kStretches[i]));
      }
    }
  }
  if (summary.objects == 0) return summary;
  summary.j = summary.j / summary.objects;
  summary.f = summary.f / summary.objects;
  summary.j_and_f = (summary.j.mean + summary.f.mean) / 2;
  for (std::size_t i = 0; i < kStretches.size(); ++i) {
    if (summary.objects_by_stretch[i] == 0) continue;
    *summary.j_by_stretch[i] /= summary.objects_by_stretch[i];
    *summary.f_by_stretch[i] /= summary.objects_by_stretch[i];
  }
  return summary;
}

}  // namespace masklet
