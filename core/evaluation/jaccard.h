#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace masklet {

/// DAVIS's region similarity J of two label maps: for each label the intersection over the union, and 1 where
/// neither map shows it.
class Jaccard {
 public:
  /// Maps of equal length; 0 is the background. Pixels whose true label is `void_label` count nowhere.
  Jaccard(std::span<const std::uint8_t> predicted, std::span<const std::uint8_t> truth,
          std::optional<std::uint8_t> void_label = {});

  double of(std::uint8_t label) const;

 private:
  std::array<std::int64_t, 256> both_{}, predicted_{}, truth_{};
};

}  // namespace masklet
