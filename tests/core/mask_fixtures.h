#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

// The cases that tests/fixtures/make_mask.py wrote, and its generator of pictures.

namespace masklet::testing {

inline std::vector<char> read_fixture(const std::string& name) {
  const std::string path = std::string(MASKLET_FIXTURES) + "/mask/" + name;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + " is missing: run tests/fixtures/make_mask.py");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The cases of one subject.
inline const nlohmann::json& mask_cases(const char* subject) {
  static const nlohmann::json cases = nlohmann::json::parse(read_fixture("cases.json"));
  return cases.at(subject);
}

/// `count` stored values from byte `at` on.
template <class T>
std::vector<T> stored(const nlohmann::json& at, std::size_t count) {
  static const std::vector<char> data = read_fixture("data.bin");
  const auto begin = at.get<std::size_t>();
  if (begin + count * sizeof(T) > data.size())
    throw std::runtime_error("data.bin and cases.json do not belong together");
  std::vector<T> values(count);
  std::memcpy(values.data(), data.data() + begin, count * sizeof(T));
  return values;
}

class Generator {
 public:
  explicit Generator(const nlohmann::json& seed) : state_(seed.get<std::uint32_t>()) {}
  std::uint32_t next() { return state_ = state_ * 1664525u + 1013904223u; }

 private:
  std::uint32_t state_;
};

/// Noise, or noise of 0 and 255 only.
inline std::vector<std::uint8_t> draw_bytes(const nlohmann::json& seed, std::size_t count,
                                            bool extremes = false) {
  Generator generator(seed);
  std::vector<std::uint8_t> bytes(count);
  for (std::uint8_t& byte : bytes) {
    const std::uint32_t state = generator.next();
    byte = static_cast<std::uint8_t>(extremes ? (state >> 31) * 255 : state >> 24);
  }
  return bytes;
}

/// Multiples of 2^-20 from -8 to 8.
inline std::vector<float> draw_logits(const nlohmann::json& seed, std::size_t count) {
  Generator generator(seed);
  std::vector<float> logits(count);
  for (float& logit : logits) {
    logit = static_cast<float>(static_cast<std::int32_t>(generator.next() >> 8) - (1 << 23)) * 0x1p-20f;
  }
  return logits;
}

/// Multiples of 1/2: equal values and exact zeros occur.
inline std::vector<float> draw_coarse_logits(const nlohmann::json& seed, std::size_t count, float offset) {
  Generator generator(seed);
  std::vector<float> logits(count);
  for (float& logit : logits) logit = static_cast<float>(generator.next() >> 28) / 2 - 4 + offset;
  return logits;
}

inline std::string fnv1a(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0xcbf29ce484222325u;
  for (const std::uint8_t byte : bytes) value = (value ^ byte) * 0x100000001b3u;
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
  return text;
}

/// A mask drawn with '#'; all strings of one length.
inline std::vector<std::uint8_t> drawn_mask(const std::vector<std::string>& rows) {
  std::vector<std::uint8_t> mask;
  for (const std::string& row : rows) {
    for (const char pixel : row) mask.push_back(pixel == '#');
  }
  return mask;
}

/// Largest |a - b| / max(1, |b|).
inline double largest_difference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) throw std::runtime_error("sizes differ");
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double scale = b[i] < -1 ? -b[i] : b[i] > 1 ? b[i] : 1;
    const double difference = a[i] < b[i] ? double{b[i]} - a[i] : double{a[i]} - b[i];
    if (!(difference / scale <= largest)) largest = difference / scale;
  }
  return largest;
}

}  // namespace masklet::testing
