#include "tests/native/numbered_video.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <vector>

#include "tests/native/clip_files.h"

namespace masklet::native::testing {
namespace {

constexpr int kBits = 8, kColumns = 4, kRows = 2;

bool bit_at(int number, int x, int y, int width, int height) {
  const int column = x * kColumns / width, row = y * kRows / height;
  return number >> (row * kColumns + column) & 1;
}

}  // namespace

void run_command(const std::string& command) {
  INFO(command);
  REQUIRE(std::system(command.c_str()) == 0);
}

void write_numbered_video(const std::string& path, int frames, const std::string& how, int width,
                          int height) {
  REQUIRE(frames <= 1 << kBits);
  const std::string command = "ffmpeg -v error -y -f rawvideo -pix_fmt rgb24 -s " + std::to_string(width) +
                              "x" + std::to_string(height) + " -r 25 -i - " + how + " '" + path + "'";
  INFO(command);
  FILE* pipe = popen(command.c_str(), "w");
  REQUIRE(pipe != nullptr);
  std::vector<std::uint8_t> rgb(std::size_t{3} * width * height);
  for (int frame = 0; frame < frames; ++frame) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x)
        std::fill_n(&rgb[3 * (static_cast<std::size_t>(y) * width + x)], 3,
                    static_cast<std::uint8_t>(bit_at(frame, x, y, width, height) ? 235 : 20));
    }
    REQUIRE(std::fwrite(rgb.data(), 1, rgb.size(), pipe) == rgb.size());
  }
  REQUIRE(pclose(pipe) == 0);
}

int number_in(const ImageView& image) {
  int number = 0;
  for (int bit = 0; bit < kBits; ++bit) {
    const int x = (2 * (bit % kColumns) + 1) * image.width / (2 * kColumns);
    const int y = (2 * (bit / kColumns) + 1) * image.height / (2 * kRows);
    number |= (image.row(y)[3 * x + 1] > 128) << bit;
  }
  return number;
}

void write_beginning(const std::string& from, const std::string& to, double share) {
  const std::string bytes = read_all(from);
  write_all(to, bytes.substr(0, static_cast<std::size_t>(share * static_cast<double>(bytes.size()))));
}

}  // namespace masklet::native::testing
