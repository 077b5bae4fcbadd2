#include <catch2/catch.hpp>

#include "core/base/sha256.h"
#include "core/output/masklets_lines.h"
#include "core/tracking/snapshot.h"
#include "core/weights/fingerprint.h"

using namespace masklet;

namespace {

std::string sum_of(std::string_view text, std::size_t piece) {
  Sha256 sum;
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    sum.update(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  return sum.hex();
}

std::string fingerprint_of(std::size_t size, std::size_t changed) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7);
  if (changed < size) bytes[changed] ^= std::byte{1};
  MemorySource source(std::move(bytes));
  return *fingerprint(source);
}

}  // namespace

TEST_CASE("SHA-256 gives the standard's sums, whatever the pieces") {
  const std::string text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  for (std::size_t piece : {1u, 7u, 64u, 1000u}) {
    CHECK(sum_of(text, piece) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(sum_of("abc", piece) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sum_of("", piece) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sum_of(std::string(64, 'a'), piece) == "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
  }
}

TEST_CASE("A fingerprint sees size, start, middle and end, and every byte of a small file") {
  const std::size_t large = 1 << 20;
  const std::string plain = fingerprint_of(large, large);
  for (std::size_t changed : {std::size_t{0}, large / 2, large - 1}) CHECK(fingerprint_of(large, changed) != plain);
  CHECK(fingerprint_of(large, 100000) == plain);
  CHECK(fingerprint_of(large + 1, large + 1) != plain);
  CHECK(fingerprint_of(1000, 500) != fingerprint_of(1000, 1000));
  CHECK(fingerprint_of(0, 0).size() == 64);
}

TEST_CASE("A saved session's details come back, and none where there were none") {
  SessionState state;
  state.clip = {64, 48, 10};
  const Architecture architecture;
  const SessionDetails given{"clip.mp4", "0123", "nano", "4567", "both", "{\"frame\":0}\n{\"frame\":1}\n"};
  for (const SessionDetails& details : {given, SessionDetails()}) {
    std::vector<std::byte> bytes;
    const ByteSink sink = [&](std::span<const std::byte> more) {
      bytes.insert(bytes.end(), more.begin(), more.end());
      return Status();
    };
    REQUIRE(save_state(state, architecture, sink, details).ok());
    const auto source = std::make_shared<MemorySource>(bytes);
    const auto found = load_details(source);
    REQUIRE(found.ok());
    CHECK(*found == details);
    const auto again = load_state(source, architecture);
    REQUIRE(again.ok());
    CHECK(again->clip.width == 64);
  }
}

TEST_CASE("Results that the caller writes behind the rest make the same file") {
  SessionState state;
  state.clip = {64, 48, 10};
  const auto saved = [&](const SessionDetails& details) {
    std::string bytes;
    REQUIRE(save_state(state, Architecture(), [&](std::span<const std::byte> more) {
              bytes.append(reinterpret_cast<const char*>(more.data()), more.size());
              return Status();
            }, details).ok());
    return bytes;
  };
  SessionDetails whole, parts;
  whole.direction = parts.direction = "forward";
  whole.results = "{\"frame\":0}\n{\"frame\":1}\n";
  parts.results_bytes = whole.results.size();
  const std::string file = saved(whole);
  CHECK((saved(parts) + whole.results == file));
  const auto bytes = std::as_bytes(std::span(file));
  const auto found = load_details(std::make_shared<MemorySource>(std::vector<std::byte>(bytes.begin(), bytes.end())), false);
  REQUIRE(found.ok());
  CHECK(*found == parts);
}

TEST_CASE("A name that is not UTF-8 is no reason to lose a session") {
  SessionState state;
  state.clip = {64, 48, 10};
  state.objects.emplace_back();
  state.objects[0].id = 1;
  state.objects[0].prompts[0] = {{}, true, "m\xff.png"};
  std::vector<std::byte> bytes;
  REQUIRE(save_state(state, Architecture(), [&](std::span<const std::byte> more) {
            bytes.insert(bytes.end(), more.begin(), more.end());
            return Status();
          }, {"clip\xff.mp4", "", "", "", "", ""}).ok());
  const auto source = std::make_shared<MemorySource>(bytes);
  CHECK(load_details(source)->clip_name == "clip\xEF\xBF\xBD.mp4");
  CHECK(load_state(source, Architecture())->objects[0].prompts.at(0).mask_name == "m\xEF\xBF\xBD.png");
}

TEST_CASE("A session of another model, clip, size or length is refused, and says what to open") {
  const SessionDetails saved{"a.mp4", "01", "nano", "23", "", ""};
  const auto message = [](const Status& status) { return status ? std::string("ok") : status.error().message; };
  CHECK(message(check_same_files(saved, {"b.mp4", "01", "copy of nano", "23", "", ""})) == "ok");
  CHECK(message(check_same_files(saved, {"frames", "", "nano", "23", "", ""})) == "ok");
  const Status model = check_same_files(saved, {"a.mp4", "01", "tiny.pt", "45", "", ""});
  REQUIRE(!model.ok());
  CHECK(model.error().code == ErrorCode::weights_mismatch);
  CHECK(model.error().message == "the session was saved with the model 'nano', whose weights are others than those of "
                                 "'tiny.pt'; open that model");
  const Status clip = check_same_files(saved, {"b.mp4", "02", "nano", "23", "", ""});
  REQUIRE(!clip.ok());
  CHECK(clip.error().code == ErrorCode::invalid_argument);
  CHECK(clip.error().message ==
        "the session was saved with the clip 'a.mp4', and 'b.mp4' is another file; open that one");
  CHECK(message(check_same_size({64, 48, 10}, {64, 48, 10})) == "ok");
  CHECK(message(check_same_size({64, 48, 10}, {64, 48, 11})) ==
        "the session was saved with a clip of 10 frames of 64 x 48 pixels, and this one has 11 frames of 64 x 48; open "
        "that clip");
  CHECK(message(check_same_size({32, 24, 10}, {64, 48, 10})) ==
        "the session was saved with a clip of 10 frames of 32 x 24 pixels, and this one has 10 frames of 64 x 48; open "
        "that clip, scaled down as it was then");
}

TEST_CASE("A session at another input size says which one it wants") {
  std::vector<std::byte> bytes;
  Architecture architecture;
  REQUIRE(save_state({{64, 48, 10}, {}, {}, {}, 1}, architecture, [&](std::span<const std::byte> more) {
            bytes.insert(bytes.end(), more.begin(), more.end());
            return Status();
          }).ok());
  const int saved_size = architecture.image_size;
  architecture.image_size = saved_size / 2;
  const auto state = load_state(std::make_shared<MemorySource>(bytes), architecture);
  REQUIRE(!state.ok());
  CHECK(state.error().code == ErrorCode::weights_mismatch);
  CHECK(state.error().message.find("open it at " + std::to_string(saved_size)) != std::string::npos);
}

TEST_CASE("Saved results come apart by line; what is no frame's line is a corrupt file") {
  const std::string first = "{\"frame\":3,\"objects\":[]}\n", second = "{\"frame\":1}\n";
  const auto lines = split_frame_lines(first + second);
  REQUIRE(lines.ok());
  REQUIRE(lines->size() == 2);
  CHECK(((*lines)[0].frame == 3 && (*lines)[0].text == first));
  CHECK(((*lines)[1].frame == 1 && (*lines)[1].text == second));
  CHECK(split_frame_lines("")->empty());
  const std::vector<std::string> no_lines = {first + "{\"frame\":2}", first + "\n", "[3]\n", "{\"frame\":\"3\"}\n"};
  for (const std::string& bad : no_lines) {
    const auto refused = split_frame_lines(bad);
    REQUIRE(!refused.ok());
    CHECK(refused.error().code == ErrorCode::corrupt_file);
  }
}

TEST_CASE("A file of tensors that is no session has no details") {
  std::vector<std::byte> bytes;
  const std::vector<NamedTensor> tensors = {{"other", Tensor(DType::u8, {3})}};
  REQUIRE(write_safetensors(std::span<const NamedTensor>(tensors), {}, [&](std::span<const std::byte> more) {
            bytes.insert(bytes.end(), more.begin(), more.end());
            return Status();
          }).ok());
  const auto found = load_details(std::make_shared<MemorySource>(bytes));
  REQUIRE(!found.ok());
  CHECK(found.error().code == ErrorCode::corrupt_file);
}

TEST_CASE("Lines of masklets.jsonl: shortest numbers, the last part of a path, text that is not UTF-8") {
  MaskletsHeader header{"clip\xff.mp4", "nano", 192, {320, 240, 60}, "forward", {}};
  header.prompts.push_back({1, 0, {{0.1f, 33, 1}}, std::nullopt, ""});
  header.prompts.push_back({2, 3, {}, std::array<float, 4>{1, 2, 3, 4.5f}, "folder/mask.png"});
  CHECK(masklets_header_line(header) ==
        "{\"masklets\":1,\"input\":\"clip\xEF\xBF\xBD.mp4\",\"width\":320,\"height\":240,\"frames\":60,"
        "\"direction\":\"forward\",\"model\":{\"name\":\"nano\",\"input_size\":192},\"prompts\":[{\"object\":1,"
        "\"frame\":0,\"points\":[[0.1,33.0]],\"labels\":[1]},{\"object\":2,\"frame\":3,\"box\":[1.0,2.0,3.0,4.5],"
        "\"mask\":\"mask.png\"}]}\n");
  const std::vector<std::uint8_t> mask = {0, 1, 1, 0, 0, 0};
  CHECK(masklets_frame_line(7, 0.25, {{3, rle_encode(mask, 3, 2), 0.1f, 1.0f}}) ==
        "{\"frame\":7,\"time\":0.25,\"objects\":[{\"id\":3,\"rle\":{\"size\":[2,3],\"counts\":\"" +
            rle_to_string(rle_encode(mask, 3, 2)) + "\"},\"score\":0.1,\"iou\":1.0,\"area\":2,\"box\":[1,0,2,1]}]}\n");
  CHECK(masklets_end_line(2, "") == "{\"end\":{\"frames\":2,\"partial\":false}}\n");
  CHECK(masklets_end_line(2, "io_failed: x") ==
        "{\"end\":{\"frames\":2,\"partial\":true,\"reason\":\"io_failed: x\"}}\n");
}
