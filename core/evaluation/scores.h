#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace masklet {

/// DAVIS's three numbers for the values of one object, frame by frame.
struct Statistics {
  double mean = 0;
  double recall = 0;  ///< share of the frames whose value is over 0.5
  double decay = 0;   ///< mean of the first quarter less that of the last
};

/// Of at least one value. The quarters meet in a frame that belongs to both, where DAVIS's rounding puts it.
Statistics statistics(std::span<const double> values);

/// Frames of a sequence, both ends included; frame 0 holds the prompt.
struct Stretch {
  int first = 0;
  int last = 0;
  const char* name = "";
};

inline constexpr std::array<Stretch, 4> kStretches = {
    {{1, 5, "1-5"}, {6, 20, "6-20"}, {21, 50, "21-50"}, {51, 1 << 30, "51 on"}}};

/// The mean of the values on a stretch, where values[0] is frame 1's; absent where none lies on it.
std::optional<double> stretch_mean(std::span<const double> values, const Stretch& stretch);

/// One object's scores on the frames of a sequence that count: all but the first and the last.
struct ObjectScores {
  int object = 0;
  std::vector<double> j, f;  ///< [0] is frame 1's
};

struct SequenceScores {
  std::string name;
  std::vector<ObjectScores> objects;
};

/// What one method reached: the scores of its masks on each sequence.
struct MethodScores {
  std::string name;
  std::vector<SequenceScores> sequences;
};

/// Means over objects: every object counts the same, however long its sequence is.
struct Summary {
  Statistics j, f;
  double j_and_f = 0;  ///< the mean of the two means
  std::array<std::optional<double>, kStretches.size()> j_by_stretch, f_by_stretch;
  std::array<int, kStretches.size()> objects_by_stretch{};  ///< how many reach it
  int objects = 0;
};

/// Of all objects of the sequences together, as DAVIS averages. All zero where there are none.
Summary summarise(std::span<const SequenceScores> sequences);

}  // namespace masklet
