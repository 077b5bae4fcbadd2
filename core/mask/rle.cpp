#include "core/mask/rle.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <numeric>

#include "core/mask/image.h"
#include "core/mask/simd.h"

namespace masklet {
namespace {

// Masks are stored by rows and runs go by columns: this many columns at a time are turned on their side.
constexpr int kStrip = 64;

/// The first byte from `begin` on that is not `value`, of bytes that are 0 or 1.
const std::uint8_t* find_other(const std::uint8_t* begin, const std::uint8_t* end, std::uint8_t value) {
  const std::uint64_t pattern = value * 0x0101010101010101u;
  for (; end - begin >= 8; begin += 8) {
    std::uint64_t word;
    std::memcpy(&word, begin, sizeof word);
    if (word != pattern) return begin + std::countr_zero(word ^ pattern) / 8;
  }
  while (begin != end && *begin == value) ++begin;
  return begin;
}

Status check_same_size(const Rle& a, const Rle& b) {
  if (a.width == b.width && a.height == b.height) return {};
  return Error{ErrorCode::invalid_argument, "the masks have different sizes, " + std::to_string(a.width) +
                                                " x " + std::to_string(a.height) + " and " +
                                                std::to_string(b.width) + " x " + std::to_string(b.height) +
                                                "; resize one of them first"};
}

/// Walks two run lists together: calls visit(length, in_a, in_b) for stretches on which neither changes.
template <class Visit>
void walk_both(const Rle& a, const Rle& b, Visit visit) {
  std::size_t i = 0;
  std::size_t j = 0;
  std::uint32_t left_a = a.counts.empty() ? 0 : a.counts[0];
  std::uint32_t left_b = b.counts.empty() ? 0 : b.counts[0];
  while (true) {
    while (left_a == 0 && i + 1 < a.counts.size()) left_a = a.counts[++i];
    while (left_b == 0 && j + 1 < b.counts.size()) left_b = b.counts[++j];
    const std::uint32_t length = std::min(left_a, left_b);
    if (length == 0) return;
    visit(length, (i & 1) != 0, (j & 1) != 0);
    left_a -= length;
    left_b -= length;
  }
}

Rle union_of_two(const Rle& a, const Rle& b) {
  Rle merged{a.width, a.height, {0}};
  walk_both(a, b, [&](std::uint32_t length, bool in_a, bool in_b) {
    const bool set = in_a || in_b;
    if (set != (merged.counts.size() % 2 == 0)) merged.counts.push_back(0);
    merged.counts.back() += length;
  });
  return merged;
}

Error bad_text(std::size_t position, const std::string& why) {
  return {ErrorCode::invalid_argument, "the compressed run lengths " + why + " at character " +
                                           std::to_string(position) + "; expected COCO's \"counts\" string"};
}

}  // namespace

Rle rle_encode(std::span<const std::uint8_t> mask, int width, int height) {
  return rle_encode(mask, width, height, {0, 0, width, height});
}

Rle rle_encode(std::span<const std::uint8_t> mask, int width, int height, const PixelBox& extent_px) {
  assert(mask.size() == static_cast<std::size_t>(width) * height);
  Rle rle{width, height, {}};
  // Rows above and below the extent stay 0 in every strip.
  std::vector<std::uint8_t> strip(static_cast<std::size_t>(std::min(kStrip, extent_px.width)) * height);
  const int right = extent_px.x + extent_px.width;
  std::uint8_t value = 0;
  std::uint32_t count = static_cast<std::uint32_t>(extent_px.x) * height;
  for (int x = extent_px.x; x < right; x += kStrip) {
    const int columns = std::min(kStrip, right - x);
    simd::transpose(mask.data() + static_cast<std::ptrdiff_t>(extent_px.y) * width + x, width, columns,
                    extent_px.height, strip.data() + extent_px.y, height);
    const std::uint8_t* const end = strip.data() + static_cast<std::ptrdiff_t>(columns) * height;
    for (std::uint8_t* byte = strip.data(); byte != end; ++byte) *byte = *byte != 0;
    for (const std::uint8_t* at = strip.data(); at != end;) {
      const std::uint8_t* const next = find_other(at, end, value);
      count += static_cast<std::uint32_t>(next - at);
      at = next;
      if (next == end) break;
      rle.counts.push_back(count);
      count = 0;
      value ^= 1;
    }
  }
  const std::uint32_t rest = static_cast<std::uint32_t>(width - right) * height;
  if (rest > 0 && value) {
    rle.counts.push_back(count);
    count = 0;
  }
  rle.counts.push_back(count + rest);
  return rle;
}

void rle_decode(const Rle& rle, std::span<std::uint8_t> mask) {
  assert(mask.size() == static_cast<std::size_t>(rle.width) * rle.height);
  std::vector<std::uint8_t> strip(static_cast<std::size_t>(std::min(kStrip, rle.width)) * rle.height);
  std::size_t run = 0;
  std::size_t left = rle.counts.empty() ? 0 : rle.counts[0];
  for (int x = 0; x < rle.width; x += kStrip) {
    const int columns = std::min(kStrip, rle.width - x);
    const std::size_t size = static_cast<std::size_t>(columns) * rle.height;
    for (std::size_t at = 0; at < size;) {
      while (left == 0 && run + 1 < rle.counts.size()) left = rle.counts[++run];
      assert(left > 0);
      const std::size_t length = left > 0 ? std::min(left, size - at) : size - at;
      std::memset(strip.data() + at, run & 1, length);
      at += length;
      left -= std::min(left, length);
    }
    simd::transpose(strip.data(), rle.height, rle.height, columns, mask.data() + x, rle.width);
  }
}

Result<Rle> rle_from_counts(int width, int height, std::vector<std::uint32_t> counts) {
  MASKLET_TRY(check_image_size("the mask", width, height));
  const auto pixels = static_cast<std::uint64_t>(width) * height;
  const std::uint64_t sum = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (sum != pixels) {
    return Error{ErrorCode::invalid_argument, "the run lengths sum to " + std::to_string(sum) +
                                                  ", but a mask of " + std::to_string(width) + " x " +
                                                  std::to_string(height) + " has " + std::to_string(pixels) +
                                                  " pixels"};
  }
  return Rle{width, height, std::move(counts)};
}

std::string rle_to_string(const Rle& rle) {
  std::string text;
  for (std::size_t i = 0; i < rle.counts.size(); ++i) {
    std::int64_t value = rle.counts[i];
    if (i > 2) value -= rle.counts[i - 2];
    bool more = true;
    while (more) {
      const int bits = static_cast<int>(value & 0x1f);
      value >>= 5;
      // The last group's top bit is the sign, as in LEB128.
      more = (bits & 0x10) ? value != -1 : value != 0;
      text += static_cast<char>('0' + (bits | (more ? 0x20 : 0)));
    }
  }
  return text;
}

Result<Rle> rle_from_string(int width, int height, std::string_view text) {
  constexpr int kMaxShift = 35;  // eight groups hold any difference of two counts
  std::vector<std::uint32_t> counts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    std::int64_t value = 0;
    int shift = 0;
    int group = 0x20;
    while (group & 0x20) {
      if (at == text.size()) return bad_text(begin, "end inside a number that starts");
      group = text[at] - '0';
      if (group < 0 || group > 0x3f) return bad_text(at, "have a character outside '0' to 'o'");
      if (shift > kMaxShift) return bad_text(begin, "have a number beyond 32 bits");
      value |= static_cast<std::int64_t>(group & 0x1f) << shift;
      shift += 5;
      ++at;
    }
    if (group & 0x10) value -= std::int64_t{1} << shift;
    if (counts.size() > 2) value += counts[counts.size() - 2];
    if (value < 0 || value > UINT32_MAX) return bad_text(begin, "have a length outside 32 bits");
    counts.push_back(static_cast<std::uint32_t>(value));
  }
  return rle_from_counts(width, height, std::move(counts));
}

std::int64_t rle_area(const Rle& rle) {
  std::int64_t area = 0;
  for (std::size_t i = 1; i < rle.counts.size(); i += 2) area += rle.counts[i];
  return area;
}

PixelBox rle_box(const Rle& rle) {
  int left = rle.width;
  int right = -1;
  int top = rle.height;
  int bottom = -1;
  std::int64_t at = 0;
  for (std::size_t i = 0; i < rle.counts.size(); at += rle.counts[i++]) {
    if (i % 2 == 0 || rle.counts[i] == 0) continue;
    const std::int64_t last = at + rle.counts[i] - 1;
    const int first_column = static_cast<int>(at / rle.height);
    const int last_column = static_cast<int>(last / rle.height);
    left = std::min(left, first_column);
    right = std::max(right, last_column);
    // A run that goes on in the next column reaches the bottom of one and the top of the other.
    const bool wraps = first_column != last_column;
    top = std::min(top, wraps ? 0 : static_cast<int>(at % rle.height));
    bottom = std::max(bottom, wraps ? rle.height - 1 : static_cast<int>(last % rle.height));
  }
  if (right < 0) return {};
  return {left, top, right - left + 1, bottom - top + 1};
}

Result<std::int64_t> rle_intersection_area(const Rle& a, const Rle& b) {
  MASKLET_TRY(check_same_size(a, b));
  std::int64_t both = 0;
  walk_both(a, b, [&](std::uint32_t length, bool in_a, bool in_b) { both += in_a && in_b ? length : 0; });
  return both;
}

Result<double> rle_iou(const Rle& a, const Rle& b) {
  MASKLET_ASSIGN(const std::int64_t both, rle_intersection_area(a, b));
  const std::int64_t either = rle_area(a) + rle_area(b) - both;
  return either == 0 ? 0.0 : static_cast<double>(both) / static_cast<double>(either);
}

Result<Rle> rle_union(std::span<const Rle> masks) {
  if (masks.empty())
    return Error{ErrorCode::invalid_argument, "a union of no masks has no size; pass at least one"};
  Rle merged = masks[0];
  for (const Rle& mask : masks.subspan(1)) {
    MASKLET_TRY(check_same_size(merged, mask));
    merged = union_of_two(merged, mask);
  }
  return merged;
}

}  // namespace masklet
