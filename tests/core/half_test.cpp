#include "core/base/half.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace masklet;

TEST_CASE("every finite half survives the way to f32 and back") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const bool is_nan = (half & 0x7c00) == 0x7c00 && (half & 0x3ff) != 0;
    if (is_nan) {
      REQUIRE(std::isnan(f32_from_f16(half)));
    } else {
      REQUIRE(f16_from_f32(f32_from_f16(half)) == half);
    }
  }
}

TEST_CASE("f16 rounds to nearest, ties to even, and overflows to infinity") {
  CHECK(f16_from_f32(1.0f) == 0x3c00);
  CHECK(f16_from_f32(1.0f + 0x1p-11f) == 0x3c00);
  CHECK(f16_from_f32(1.0f + 3 * 0x1p-11f) == 0x3c02);
  CHECK(f16_from_f32(65519.0f) == 0x7bff);
  CHECK(f16_from_f32(65520.0f) == 0x7c00);
  CHECK(f16_from_f32(0x1p-25f) == 0x0000);
  CHECK(f16_from_f32(-0x1.8p-24f) == 0x8002);
}

TEST_CASE("bf16 rounds to nearest, ties to even") {
  CHECK(bf16_from_f32(1.0f) == 0x3f80);
  CHECK(bf16_from_f32(1.0f + 0x1p-8f) == 0x3f80);
  CHECK(bf16_from_f32(1.0f + 3 * 0x1p-8f) == 0x3f82);
  CHECK(f32_from_bf16(0xc2c8) == -100.0f);
  CHECK(std::isnan(f32_from_bf16(bf16_from_f32(std::numeric_limits<float>::quiet_NaN()))));
}
