#include "core/budget/bytes.h"

#include <catch2/catch.hpp>

using namespace masklet;

TEST_CASE("Bytes are written with the largest unit that fits and at most two decimals") {
  CHECK(format_bytes(0) == "0 bytes");
  CHECK(format_bytes(1023) == "1023 bytes");
  CHECK(format_bytes(1024) == "1 KiB");
  CHECK(format_bytes((1 << 20) + (1 << 18)) == "1.25 MiB");
  CHECK(format_bytes(std::uint64_t{5} << 29) == "2.5 GiB");
  CHECK(format_bytes((std::uint64_t{1} << 30) * 1001 / 1000) == "1 GiB");
  CHECK(format_bytes((std::uint64_t{1} << 30) * 1009 / 1000) == "1.01 GiB");
}

TEST_CASE("Bytes are read with and without a unit") {
  const std::pair<const char*, std::uint64_t> cases[] = {
      {"805306368", 805306368}, {"512MiB", 512u << 20},          {"2.5 GiB", std::uint64_t{5} << 29},
      {"1500mb", 1500000000},   {"96 KiB", 96u << 10},           {"7b", 7},
      {"0.5kib", 512},          {"1TiB", std::uint64_t{1} << 40}};
  for (const auto& [text, bytes] : cases) {
    INFO(text);
    const auto read = parse_bytes(text, "the limit");
    REQUIRE(read.ok());
    CHECK(*read == bytes);
  }
}

TEST_CASE("What is no number of bytes is refused with its name and value") {
  for (const char* text :
       {"", "MiB", "0", "0.2", "-5MiB", "1.2.3MiB", "5 parsecs", "5 MiBs", "9e9", "99999999TiB", "."}) {
    INFO(text);
    const auto read = parse_bytes(text, "--memory-limit");
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == ErrorCode::invalid_argument);
    CHECK(read.error().message.find("--memory-limit is '" + std::string(text) + "'") == 0);
  }
}
