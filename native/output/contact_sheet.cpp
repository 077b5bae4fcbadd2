#include "native/output/contact_sheet.h"

#include <algorithm>
#include <set>

#include "core/effects/highlight.h"
#include "core/mask/davis_palette.h"
#include "core/mask/resize_bicubic.h"
#include "native/media/png_file.h"

namespace masklet::native {
namespace {

constexpr int kLongestSide = 320;  // of a cell
constexpr int kGap = 6;            // between cells
constexpr int kDot = 3;            // pixels to a dot of the digits
constexpr std::uint8_t kPaper = 24;

/// 3 x 5 dots a digit, a row in three bits.
constexpr std::array<std::array<std::uint8_t, 5>, 10> kDigits = {{{7, 5, 5, 5, 7},
                                                                  {2, 6, 2, 2, 7},
                                                                  {7, 1, 7, 4, 7},
                                                                  {7, 1, 7, 1, 7},
                                                                  {5, 5, 7, 1, 1},
                                                                  {7, 4, 7, 1, 7},
                                                                  {7, 4, 7, 5, 7},
                                                                  {7, 1, 2, 2, 2},
                                                                  {7, 5, 7, 5, 7},
                                                                  {7, 5, 7, 1, 7}}};

void fill(RgbImage& image, int left, int top, int width, int height, std::uint8_t grey) {
  for (int y = std::max(top, 0); y < std::min(top + height, image.height); ++y) {
    for (int x = std::max(left, 0); x < std::min(left + width, image.width); ++x)
      std::fill_n(image.pixels.begin() + (static_cast<std::ptrdiff_t>(y) * image.width + x) * 3, 3, grey);
  }
}

/// White on black in the top left corner.
void print_number(RgbImage& image, int number) {
  const std::string text = std::to_string(number);
  fill(image, 0, 0, (4 * static_cast<int>(text.size()) + 1) * kDot, 7 * kDot, 0);
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int row = 0; row < 5; ++row) {
      for (int column = 0; column < 3; ++column) {
        if (kDigits[text[i] - '0'][row] >> (2 - column) & 1)
          fill(image, (4 * static_cast<int>(i) + 1 + column) * kDot, (row + 1) * kDot, kDot, kDot, 255);
      }
    }
  }
}

/// As it is, or made smaller.
Result<RgbImage> fitted(const RgbImage& image) {
  const int longest = std::max(image.width, image.height);
  if (longest <= kLongestSide) return image;
  RgbImage small;
  small.width = std::max(1, image.width * kLongestSide / longest);
  small.height = std::max(1, image.height * kLongestSide / longest);
  small.pixels.resize(static_cast<std::size_t>(small.width) * small.height * 3);
  MASKLET_TRY(resize_bicubic_rgb8(image.view(), small.width, small.height, small.pixels));
  return small;
}

RgbImage copy_of(const ImageView& view) {
  RgbImage image{view.width, view.height, {}};
  for (int y = 0; y < view.height; ++y)
    image.pixels.insert(image.pixels.end(), view.row(y), view.row(y) + 3 * view.width);
  return image;
}

}  // namespace

bool ContactSheet::wants(int n) const {
  if (frames_ <= kCells) return true;
  for (int cell = 0; cell < kCells; ++cell) {
    if (static_cast<long long>(cell) * (frames_ - 1) / (kCells - 1) == n) return true;
  }
  return false;
}

Status ContactSheet::add(int frame, const ImageView& view, const std::vector<std::uint8_t>& labels) {
  RgbImage image = copy_of(view);
  std::set<std::uint8_t> ids(labels.begin(), labels.end());
  ids.erase(0);
  std::vector<std::uint8_t> mask(labels.size());
  // Outlines keep about one and a half pixels when the frame is made smaller.
  const int line_px = std::max(2, std::max(view.width, view.height) * 3 / (2 * kLongestSide));
  for (std::uint8_t id : ids) {
    std::transform(labels.begin(), labels.end(), mask.begin(),
                   [id](std::uint8_t label) { return label == id; });
    highlight(image.pixels, mask, image.width, image.height, davis_colour(id), line_px);
  }
  MASKLET_ASSIGN(RgbImage cell, fitted(image));
  print_number(cell, frame);
  cells_[frame] = std::move(cell);
  return {};
}

Status ContactSheet::write(const std::string& path) const {
  if (cells_.empty())
    return Error{ErrorCode::invalid_state, "no frame was tracked, so there is nothing to show"};
  const int width = cells_.begin()->second.width, height = cells_.begin()->second.height;
  const int count = static_cast<int>(cells_.size());
  const int columns = std::min(count, kColumns), rows = (count + columns - 1) / columns;
  RgbImage sheet{kGap + columns * (width + kGap), kGap + rows * (height + kGap), {}};
  sheet.pixels.assign(static_cast<std::size_t>(sheet.width) * sheet.height * 3, kPaper);
  int n = 0;
  for (const auto& [frame, cell] : cells_) {
    const int left = kGap + n % columns * (width + kGap), top = kGap + n / columns * (height + kGap);
    for (int y = 0; y < height; ++y) {
      std::copy_n(cell.view().row(y), 3 * width,
                  sheet.pixels.begin() + (static_cast<std::ptrdiff_t>(top + y) * sheet.width + left) * 3);
    }
    ++n;
  }
  return write_png(path, sheet.view());
}

}  // namespace masklet::native
