#include "native/media/video_file.h"

#include <catch2/catch.hpp>
#include <random>

#include "native/media/video_writer.h"
#include "tests/native/clip_files.h"
#include "tests/native/numbered_video.h"

using namespace masklet;
using namespace masklet::native;
using namespace masklet::native::testing;

namespace {

using Source = std::unique_ptr<FrameSource>;

Source opened(const std::string& path, const ClipOptions& options = {}) {
  auto source = open_clip(path, options);
  if (!source.ok()) FAIL(source.error().message);
  return std::move(*source);
}

int number_at(FrameSource& source, int frame) {
  const auto image = source.read(frame);
  if (!image.ok()) FAIL("frame " << frame << ": " << image.error().message);
  return number_in(*image);
}

Error refusal(const std::string& path) {
  const auto source = open_clip(path, {});
  REQUIRE_FALSE(source.ok());
  return source.error();
}

struct Container {
  const char* name;
  const char* how;
};

constexpr Container kContainers[] = {
    {"reordered.mp4", "-c:v libx264 -g 12 -bf 3 -pix_fmt yuv420p"},
    {"open-groups.mp4", "-c:v libx264 -g 10 -bf 2 -x264-params open-gop=1 -pix_fmt yuv420p"},
    {"one-group.mov", "-c:v libx264 -g 250 -pix_fmt yuv420p"},
    {"ten-bits.mkv", "-c:v libx264 -g 12 -pix_fmt yuv420p10le"},
    {"lossless.mkv", "-c:v ffv1 -pix_fmt yuv444p10le"},
    {"nine.webm", "-c:v libvpx-vp9 -g 12 -deadline realtime -cpu-used 8 -pix_fmt yuv420p"},
    {"hidden-frames.webm", "-c:v libvpx -g 20 -auto-alt-ref 1 -lag-in-frames 12 -b:v 300k -pix_fmt yuv420p"},
    {"painted-over.gif", "-loop 0"},
    {"fragmented.mp4", "-c:v libx264 -g 12 -movflags frag_keyframe+empty_moov -pix_fmt yuv420p"},
    {"no-times.avi", "-c:v mpeg4 -g 12 -bf 2"},
};

}  // namespace

TEST_CASE("every container gives its frames in order, at random and backwards") {
  const TemporaryFolder folder;
  constexpr int kFrames = 45;
  for (const Container& container : kContainers) {
    DYNAMIC_SECTION(container.name) {
      const std::string path = folder / container.name;
      write_numbered_video(path, kFrames, container.how);
      const Source source = opened(path);
      CHECK(source->frame_count() == kFrames);
      CHECK(source->width() == 64);
      CHECK(source->height() == 48);
      CHECK_FALSE(source->damage().has_value());
      for (int frame = 0; frame < kFrames; ++frame) {
        REQUIRE(number_at(*source, frame) == frame);
        CHECK(source->time_s(frame) - source->time_s(0) == Approx(frame / 25.0).margin(0.0101));
      }
      for (int frame = kFrames - 1; frame >= 0; --frame) REQUIRE(number_at(*source, frame) == frame);
      std::mt19937 random(7);
      for (int i = 0; i < 30; ++i) {
        const int frame = static_cast<int>(random() % kFrames);
        REQUIRE(number_at(*source, frame) == frame);
      }
      CHECK(source->read(kFrames).error().code == ErrorCode::frame_out_of_range);
      CHECK(source->read(-1).error().code == ErrorCode::frame_out_of_range);
    }
  }
}

TEST_CASE("a long group of pictures is read backwards with room for two pictures only") {
  const TemporaryFolder folder;
  write_numbered_video(folder / "long.mp4", 90, "-c:v libx264 -g 250 -pix_fmt yuv420p");
  ClipOptions options;
  options.held_bytes = 1;
  const Source source = opened(folder / "long.mp4", options);
  for (int frame = 89; frame >= 0; --frame) REQUIRE(number_at(*source, frame) == frame);
}

TEST_CASE("frames of a variable rate keep their times") {
  const TemporaryFolder folder;
  write_numbered_video(
      folder / "variable.mp4", 20,
      "-vf settb=1/1000,setpts='(N+N*N/10)*40' -vsync vfr -enc_time_base 1:1000 -c:v libx264");
  const Source source = opened(folder / "variable.mp4");
  REQUIRE(source->frame_count() == 20);
  for (int frame = 0; frame < 20; ++frame) {
    CHECK(number_at(*source, frame) == frame);
    CHECK(source->time_s(frame) == Approx((frame + frame * frame / 10.0) / 25).margin(0.002));
  }
}

TEST_CASE("odd sizes and turned pictures have the size that is seen") {
  const TemporaryFolder folder;
  write_numbered_video(folder / "odd.webm", 3, "-c:v libvpx-vp9 -deadline realtime -pix_fmt yuv420p", 65, 49);
  const Source odd = opened(folder / "odd.webm");
  CHECK(odd->width() == 65);
  CHECK(odd->height() == 49);
  CHECK(number_at(*odd, 2) == 2);

  write_numbered_video(folder / "lying.mp4", 3, "-c:v libx264 -pix_fmt yuv420p");
  // A phone's file: the picture lies, and the player is told to turn it by a quarter, clockwise.
  run_command("ffmpeg -v error -y -i '" + folder / "lying.mp4" + "' -c copy -metadata:s:v:0 rotate=270 '" +
              folder / "turned.mp4" + "'");
  run_command("ffmpeg -v error -y -i '" + folder / "turned.mp4" + "' -frames:v 1 '" + folder / "turned.png" +
              "'");
  const Source turned = opened(folder / "turned.mp4"), picture = opened(folder / "turned.png");
  REQUIRE(turned->width() == 48);
  REQUIRE(turned->height() == 64);
  REQUIRE(picture->width() == 48);
  const auto own = turned->read(0), players = picture->read(0);
  REQUIRE((own.ok() && players.ok()));
  for (int y = 4; y < 64; y += 8) {
    for (int x = 4; x < 48; x += 8) CHECK(std::abs(own->row(y)[3 * x] - players->row(y)[3 * x]) < 24);
  }
}

TEST_CASE("the colours of a video are those of its matrix and range") {
  const TemporaryFolder folder;
  for (const char* how :
       {"-vf scale=out_color_matrix=bt709:out_range=tv -colorspace bt709 -color_range tv",
        "-vf scale=out_color_matrix=smpte170m:out_range=tv -colorspace smpte170m -color_range tv",
        "-vf scale=out_color_matrix=bt709:out_range=pc -colorspace bt709 -color_range pc",
        "-vf scale=out_color_matrix=smpte170m:out_range=tv"}) {  // says nothing: BT.601 at this size
    INFO(how);
    run_command("ffmpeg -v error -y -f lavfi -i color=c=0xC83214:s=64x48:r=25:d=0.2,format=rgb24 " +
                std::string(how) + " -c:v libx264 -qp 0 -pix_fmt yuv444p '" + folder / "colour.mkv" + "'");
    const Source source = opened(folder / "colour.mkv");
    const auto image = source->read(1);
    REQUIRE(image.ok());
    const std::uint8_t* pixel = image->row(20) + 60;
    CHECK(std::abs(pixel[0] - 0xC8) <= 3);
    CHECK(std::abs(pixel[1] - 0x32) <= 3);
    CHECK(std::abs(pixel[2] - 0x14) <= 3);
  }
}

TEST_CASE("a pixel format that core does not know goes through swscale") {
  const TemporaryFolder folder;
  write_numbered_video(folder / "planar-rgb.mkv", 4, "-c:v ffv1 -pix_fmt gbrp");
  const Source source = opened(folder / "planar-rgb.mkv");
  for (int frame = 0; frame < 4; ++frame) CHECK(number_at(*source, frame) == frame);
}

TEST_CASE("a file that breaks off gives the frames before that, and says so") {
  const TemporaryFolder folder;
  const Container containers[] = {{"cut.mp4", "-c:v libx264 -g 10 -movflags +faststart -pix_fmt yuv420p"},
                                  {"cut.mkv", "-c:v libx264 -g 10 -pix_fmt yuv420p"},
                                  {"cut.webm", "-c:v libvpx-vp9 -g 10 -deadline realtime -cpu-used 8"}};
  for (const Container& container : containers) {
    DYNAMIC_SECTION(container.name) {
      write_numbered_video(folder / ("whole-" + std::string(container.name)), 60, container.how, 320, 240);
      write_beginning(folder / ("whole-" + std::string(container.name)), folder / container.name, 0.6);
      const Source source = opened(folder / container.name);
      const int frames = source->frame_count();
      CHECK((frames > 5 && frames < 60));
      for (int frame = 0; frame < frames; ++frame) CHECK(number_at(*source, frame) == frame);
      REQUIRE(source->damage().has_value());
      CHECK(source->damage()->code == ErrorCode::broken_clip);
      CHECK(source->damage()->message.find("after " + std::to_string(frames) + " frames") !=
            std::string::npos);
    }
  }
}

TEST_CASE("a frame whose bytes are destroyed is stood in for, and that is said") {
  const TemporaryFolder folder;
  write_numbered_video(folder / "whole.mp4", 30, "-c:v libx264 -g 1");  // every frame stands alone
  auto packets = Demuxer::open(folder / "whole.mp4");
  REQUIRE(packets.ok());
  const AVPacket* packet = nullptr;
  for (int frame = 0; frame <= 12; ++frame) packet = packets->read();
  REQUIRE((packet && packet->pos > 0));
  std::string bytes = read_all(folder / "whole.mp4");
  bytes.replace(static_cast<std::size_t>(packet->pos), static_cast<std::size_t>(packet->size),
                std::string(static_cast<std::size_t>(packet->size), '\x55'));
  write_all(folder / "hurt.mp4", bytes);
  const Source source = opened(folder / "hurt.mp4");
  REQUIRE(source->frame_count() == 30);
  for (int frame = 0; frame < 30; ++frame) CHECK(number_at(*source, frame) == (frame == 12 ? 13 : frame));
  REQUIRE(source->damage().has_value());
  CHECK(source->damage()->message.find("from frame 12 on") != std::string::npos);
}

TEST_CASE("what is no video is refused with what would do") {
  const TemporaryFolder folder;
  write_all(folder / "text.mp4", "this is not a video at all, whatever its name says");
  CHECK(refusal(folder / "text.mp4").code == ErrorCode::unsupported_file);
  CHECK(refusal(folder / "text.mp4").message.find("mp4, mov, webm") != std::string::npos);
  write_all(folder / "empty.mp4", "");
  CHECK(refusal(folder / "empty.mp4").code == ErrorCode::unsupported_file);
  CHECK(refusal(folder / "absent.mp4").code == ErrorCode::io_failed);
  // Its index is at the end, so nothing is left of it.
  write_numbered_video(folder / "whole.mp4", 30, "-c:v libx264");
  write_beginning(folder / "whole.mp4", folder / "headless.mp4", 0.5);
  CHECK_FALSE(open_clip(folder / "headless.mp4", {}).ok());
  run_command("ffmpeg -v error -y -f lavfi -i sine=d=1 '" + folder / "sound.m4a" + "'");
  CHECK(refusal(folder / "sound.m4a").message.find("holds no video") != std::string::npos);
}

TEST_CASE("looking through a video can be stopped") {
  const TemporaryFolder folder;
  write_numbered_video(folder / "clip.mp4", 30, "-c:v libx264");
  ClipOptions options;
  options.on_index = [](double) { return false; };
  CHECK(open_clip(folder / "clip.mp4", options).error().code == ErrorCode::cancelled);
}

TEST_CASE("an image is a clip of one frame") {
  const TemporaryFolder folder;
  write_clip({64, 48, 1, 3}, 1, folder / "frames", folder / "masks");
  const Source source = opened(folder / "frames/00000.png");
  CHECK(source->frame_count() == 1);
  CHECK(source->read(0).ok());
  CHECK(source->read(1).error().code == ErrorCode::frame_out_of_range);
}

TEST_CASE("a video is written whole with its times and the sound of another, or not at all") {
  const TemporaryFolder folder;
  run_command(
      "ffmpeg -v error -y -f lavfi -i testsrc=s=64x48:r=25:d=2 -f lavfi -i sine=d=2 -c:v libx264 -c:a aac '" +
      folder / "sounding.mp4" + "'");
  VideoWriterOptions options{folder / "out.mp4", 65, 49, 25, folder / "sounding.mp4"};
  {
    auto writer = VideoWriter::create(options);
    REQUIRE(writer.ok());
    std::vector<std::uint8_t> rgb(3 * 65 * 49, 200);
    REQUIRE(writer->add(packed_image(rgb.data(), 65, 49), 0).ok());
    CHECK_FALSE(std::filesystem::exists(folder / "out.mp4"));
  }
  CHECK(names_in(folder / "") == std::vector<std::string>{"sounding.mp4"});

  auto writer = VideoWriter::create(options);
  REQUIRE(writer.ok());
  std::vector<std::uint8_t> rgb(3 * 65 * 49);
  for (int frame = 0; frame < 30; ++frame) {
    std::fill(rgb.begin(), rgb.end(), static_cast<std::uint8_t>(frame * 8));
    REQUIRE(writer->add(packed_image(rgb.data(), 65, 49), frame < 20 ? frame * 0.04 : 1 + frame * 0.04).ok());
  }
  REQUIRE(writer->finish().ok());
  CHECK(writer->silence().empty());
  const Source source = opened(folder / "out.mp4");
  REQUIRE(source->frame_count() == 30);
  CHECK(source->width() == 64);
  CHECK(source->height() == 48);
  for (int frame = 0; frame < 30; ++frame) {
    CHECK(source->time_s(frame) == Approx(frame < 20 ? frame * 0.04 : 1 + frame * 0.04).margin(0.001));
    CHECK(std::abs(source->read(frame)->row(20)[60] - frame * 8) < 8);
  }
  auto sound = Demuxer::open(folder / "out.mp4", AVMEDIA_TYPE_AUDIO);
  REQUIRE(sound.ok());
  int packets = 0;
  while (sound->read()) ++packets;
  CHECK(packets > 60);

  options.path = folder / "out.webm";
  CHECK(VideoWriter::create(options).error().message.find(".mp4, .mov or .mkv") != std::string::npos);
  options.path = folder / "no-such-folder/out.mp4";
  CHECK(VideoWriter::create(options).error().code == ErrorCode::io_failed);
}
