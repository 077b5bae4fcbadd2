#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <vector>

#include "core/synth/fixed_point.h"
#include "core/synth/synth_clip.h"

using namespace masklet;

namespace {

struct Frame {
  std::vector<std::uint8_t> rgb, ids;
};

Frame render(const SynthClip& clip, int frame) {
  const std::size_t pixels = static_cast<std::size_t>(clip.options().width) * clip.options().height;
  Frame out{std::vector<std::uint8_t>(3 * pixels, 77), std::vector<std::uint8_t>(pixels, 77)};
  clip.render(frame, out.rgb, out.ids);
  return out;
}

SynthClip make(const SynthOptions& options) {
  auto clip = SynthClip::create(options);
  REQUIRE(clip.ok());
  return *clip;
}

std::uint64_t hash(const std::vector<std::uint8_t>& bytes) {
  std::uint64_t h = 0xcbf29ce484222325u;  // FNV-1a
  for (std::uint8_t byte : bytes) h = (h ^ byte) * 0x100000001b3u;
  return h;
}

std::int64_t area(const Frame& frame, int id) {
  return std::count(frame.ids.begin(), frame.ids.end(), id);
}

std::string refusal(const SynthOptions& options) {
  const auto clip = SynthClip::create(options);
  REQUIRE_FALSE(clip.ok());
  CHECK(clip.error().code == ErrorCode::invalid_argument);
  return clip.error().message;
}

}  // namespace

TEST_CASE("the integer sine has its zeros, its extremes and stays near the sine") {
  CHECK(synth::sine(0) == 0);
  CHECK(synth::sine(synth::kTurn / 2) == 0);
  CHECK(synth::sine(synth::kTurn / 4) == synth::kUnit);
  CHECK(synth::sine(-synth::kTurn / 4) == -synth::kUnit);
  CHECK(synth::cosine(7 * synth::kTurn) == synth::kUnit);
  CHECK(std::abs(synth::sine(synth::kTurn / 12) - synth::kUnit / 2) < synth::kUnit / 500);
}

TEST_CASE("a synthetic frame has the same bytes on every target") {
  const SynthClip clip = make({160, 120, 4, 7});
  CHECK(hash(render(clip, 0).rgb) == 0x70a9ec01cba3fc24u);
  CHECK(hash(render(clip, 0).ids) == 0xdc43cbc4a78ede21u);
  CHECK(hash(render(clip, 23).rgb) == 0x8a19f8c20e13c2ebu);
  CHECK(hash(render(clip, 23).ids) == 0xea63ffcde10bb647u);
  CHECK(hash(render(clip, 100000).rgb) == 0xe38f3130fd353e19u);
}

TEST_CASE("a synthetic frame depends on its number and the seed, not on what was drawn before") {
  const SynthClip clip = make({64, 48, 2, 1});
  const Frame first = render(clip, 5);
  render(clip, 6);
  CHECK(render(clip, 5).rgb == first.rgb);
  CHECK(render(clip, 6).rgb != first.rgb);
  CHECK(render(make({64, 48, 2, 2}), 5).rgb != first.rgb);
}

TEST_CASE("objects of a synthetic clip are all seen on its first frame and move, for any seed") {
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    INFO("seed " << seed);
    const SynthClip clip = make({96, 72, 3, seed});
    const Frame first = render(clip, 0), later = render(clip, 10);
    const std::set<int> ids(first.ids.begin(), first.ids.end());
    CHECK(ids == std::set<int>{0, 1, 2, 3});
    for (int id = 1; id <= 3; ++id) {
      CHECK(area(first, id) > 60);
      std::vector<bool> before, after;
      for (std::uint8_t pixel : first.ids) before.push_back(pixel == id);
      for (std::uint8_t pixel : later.ids) after.push_back(pixel == id);
      CHECK(before != after);
    }
  }
}

TEST_CASE("the first object of a synthetic clip is hidden and comes back; the second leaves and comes back") {
  for (std::uint32_t seed = 0; seed < 4; ++seed) {
    INFO("seed " << seed);
    const SynthClip clip = make({96, 72, 2, seed});
    std::vector<std::int64_t> first, second;
    bool second_touched_border = false;
    for (int frame = 0; frame < 80; ++frame) {
      const Frame f = render(clip, frame);
      first.push_back(area(f, 1));
      second.push_back(area(f, 2));
      for (std::size_t right = 95; right < f.ids.size(); right += 96)
        second_touched_border |= f.ids[right] == 2;
    }
    for (const auto& areas : {first, second}) {
      const auto gone = std::find(areas.begin(), areas.end(), 0);
      REQUIRE(gone != areas.end());
      CHECK(*std::max_element(gone, areas.end()) > areas.front() / 2);
    }
    CHECK(second_touched_border);
  }
}

TEST_CASE("the picture changes where the mask says that the object is") {
  // With one object, the clips of two seeds differ everywhere; of one seed and two frames, the object's old
  // place must differ from its new one: its colours are not the background's.
  const SynthClip clip = make({160, 120, 1, 3});
  const Frame frame = render(clip, 0);
  std::int64_t inside[3] = {}, outside[3] = {}, count = 0;
  for (std::size_t i = 0; i < frame.ids.size(); ++i) {
    count += frame.ids[i] == 1;
    for (int c = 0; c < 3; ++c) (frame.ids[i] == 1 ? inside : outside)[c] += frame.rgb[3 * i + c];
  }
  std::int64_t difference = 0;
  const auto others = static_cast<std::int64_t>(frame.ids.size()) - count;
  for (int c = 0; c < 3; ++c) difference += std::abs(inside[c] / count - outside[c] / others);
  CHECK(difference > 40);
}

TEST_CASE("sizes and numbers that no synthetic clip has are refused") {
  CHECK(refusal({31, 48, 1, 1}).find("width is 31") != std::string::npos);
  CHECK(refusal({64, 5000, 1, 1}).find("height is 5000") != std::string::npos);
  CHECK(refusal({64, 48, 0, 1}).find("from 1 to 8") != std::string::npos);
  CHECK(refusal({64, 48, 9, 1}).find("objects is 9") != std::string::npos);
}
