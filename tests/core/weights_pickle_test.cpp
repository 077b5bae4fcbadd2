#include <catch2/catch.hpp>

#include "core/weights/pickle_machine.h"
#include "weights_files.h"

using namespace masklet;
using namespace masklet::weights_test;
using Catch::Contains;
using Catch::StartsWith;
using namespace std::string_literals;

namespace {

Result<PickleValue> run(std::string_view bytes) {
  PickleHeap heap;
  std::size_t position = 0;
  return run_pickle(std::as_bytes(std::span<const char>(bytes)), position, heap);
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string text(const std::string& value) {
  return "\x8c"s + static_cast<char>(value.size()) + value;
}
std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
std::string integer(std::uint32_t value) {
  return "J" + little_endian(value);
}

/// {"x": a tensor of storage "0"}, with the given type, elements, offset, shape and strides.
std::string tensor_pickle(const std::string& storage_type, std::uint32_t elements, std::uint32_t offset,
                          const std::string& shape, const std::string& strides) {
  return "\x80\x02}"s + text("x") + global("torch._utils", "_rebuild_tensor_v2") + "((" + text("storage") +
         global("torch", storage_type) + text("0") + text("cpu") + integer(elements) + "tQ" +
         integer(offset) + "(" + shape + "t(" + strides + "t\x89" + global("collections", "OrderedDict") +
         ")RtRs.";
}

}  // namespace

TEST_CASE("a pickle made by hand is read") {
  auto checkpoint =
      open_bytes(checkpoint_of(tensor_pickle("FloatStorage", 6, 1, integer(5), integer(1)),
                               little_endian(9.0f) + little_endian(1.5f) + std::string(16, '\0')));
  REQUIRE(outcome(checkpoint) == "ok");
  CHECK(values(**checkpoint, "x") == Floats{1.5f, 0, 0, 0, 0});
}

TEST_CASE("pickle integers keep their signs") {
  CHECK(run("\x80\x02J\xff\xff\xff\xff."s)->payload == -1);
  CHECK(run("\x80\x02M\xff\xff."s)->payload == 65535);
  CHECK(run("\x80\x02\x8a\x02\x00\xff."s)->payload == -256);
  CHECK(run("\x80\x02\x8a\x00."s)->payload == 0);
  CHECK(run("\x80\x02\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f."s)->payload == INT64_MAX);
  CHECK(run("\x80\x02\x8a\x09" + std::string(9, '\1') + ".")->kind == PickleKind::other);
}

TEST_CASE("opcodes and names that no state dict needs are unsafe, and named") {
  CHECK_THAT(outcome(run("\x80\x02(ios\nsystem\n."s)), StartsWith("unsafe_pickle: ") && Contains("INST"));
  CHECK_THAT(outcome(run("\x80\x02\x82\x01."s)), StartsWith("unsafe_pickle: ") && Contains("EXT1"));
  CHECK_THAT(outcome(run("\x80\x02" + global("os", "system") + ".")),
             StartsWith("unsafe_pickle: ") && Contains("'os.system'"));
  CHECK_THAT(outcome(run("\x80\x04" + text("builtins") + text("exec") + "\x93.")),
             Contains("'builtins.exec'"));
  CHECK_THAT(outcome(run("\x80\x02" + global("torch", "float16") + ")R.")), StartsWith("unsafe_pickle: "));
  CHECK_THAT(outcome(run("\x80\x02" + text("x") + ")R.")), StartsWith("unsafe_pickle: "));
  CHECK_THAT(outcome(run("\x80\x02]}b."s)), StartsWith("unsafe_pickle: ") && Contains("BUILD"));
  // A name is shown as text, however long and whatever bytes it has.
  CHECK_THAT(outcome(run("\x80\x02" + global("os\x1b[2J", std::string(5000, 'x')) + ".")),
             Contains("'os?[2J.xxx") && !Contains(std::string(200, 'x')));
}

TEST_CASE("broken pickles are corrupt, with the position") {
  const std::pair<const char*, std::string> cases[] = {
      {"empty", ""},
      {"no STOP", "\x80\x02N"},
      {"STOP with nothing", "\x80\x02."},
      {"STOP with two values", "\x80\x02NN."},
      {"STOP inside a mark", "\x80\x02(N."},
      {"pop of nothing",
       "\x80\x02"
       "0."},
      {"dup of nothing",
       "\x80\x02"
       "2."},
      {"tuple without mark", "\x80\x02t."},
      {"values below a mark", "\x80\x02N(\x85."},
      {"append to a tuple", "\x80\x02)Na."},
      {"append to nothing", "\x80\x02(e."},
      {"set item of a list", "\x80\x02]NNs."},
      {"odd items", "\x80\x02}(Nu."},
      {"recall of nothing", "\x80\x02h\x05."},
      {"memo number out of all proportion", "\x80\x02Nr\xff\xff\xff\x7f."},
      {"text beyond the end", "\x80\x02X\xff\xff\xff\xffhello."},
      {"text beyond 64 bits", "\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xffhello."},
      {"name without newline",
       "\x80\x02"
       "cos"},
      {"name that is no text", "\x80\x04NN\x93."},
      {"unknown opcode", "\x80\x02\xfe."},
      {"persistent id that is no tuple", "\x80\x02NQ."},
      {"foreign persistent id", "\x80\x02(" + text("module") + "NNNNtQ."},
      {"rebuild of nothing", "\x80\x02" + global("torch._utils", "_rebuild_tensor_v2") + ")R."},
      {"parameter of None", "\x80\x02" + global("torch._utils", "_rebuild_parameter") + "N\x85R."},
      {"arguments that are no tuple", "\x80\x02" + global("collections", "OrderedDict") + "]R."},
      {"rebuild of a rebuild", "\x80\x02" + global("torch._tensor", "_rebuild_from_type_v2") + "(" +
                                   global("torch._tensor", "_rebuild_from_type_v2") + "N)NtR."},
  };
  for (const auto& [name, bytes] : cases) {
    INFO(name);
    CHECK_THAT(outcome(run(bytes)), StartsWith("corrupt_file: "));
  }
  CHECK_THAT(outcome(run("\x80\x02N\xfe."s)), Contains("byte 3"));
}

TEST_CASE("pickles of other protocols are refused with the number") {
  CHECK_THAT(outcome(run("\x80\x06N."s)), StartsWith("unsupported_file: ") && Contains("protocol 6"));
  CHECK_THAT(outcome(run("(dp0\n."s)), StartsWith("unsafe_pickle: ") && Contains("PUT"));
}

TEST_CASE("hostile pickles stay within their bounds") {
  // Deep nesting: values are handles, so nothing recurses.
  CHECK(outcome(run("\x80\x02" + std::string(400'000, ']') + std::string(399'999, 'a') + ".")) == "ok");
  CHECK_THAT(outcome(run("\x80\x02" + std::string(400'000, '('))), StartsWith("corrupt_file: "));
  // A list that holds itself.
  CHECK(outcome(run("\x80\x02]q\x00h\x00"
                    "a."s)) == "ok");
  // Doubling by reference costs one handle each.
  CHECK(outcome(run("\x80\x02]q\x00"s + repeated("(h\x00h\x00tq\x00"s + "0", 60) + ".")) == "ok");
  CHECK_THAT(outcome(run("\x80\x02" + std::string(1'100'000, 'N'))), StartsWith("unsupported_file: "));
  // One list of pairs copied into a dict again and again.
  const std::string pairs = "\x80\x02](" + repeated("NN\x86", 5000) + "e\x85q\x00"s + "0";
  const std::string copy = global("collections", "OrderedDict") + "h\x00R"s + "0";
  CHECK_THAT(outcome(run(pairs + repeated(copy, 1000) + "N.")), StartsWith("corrupt_file: "));
  CHECK_THAT(outcome(run("\x80\x02" + global("torch", "Size") + "(" + std::string(1000, 'N') + "tR.")),
             StartsWith("corrupt_file: "));
}

TEST_CASE("tensors that reach beyond their storage are corrupt") {
  const std::string huge = "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
  const std::string cases[] = {
      tensor_pickle("FloatStorage", 6, 0, integer(7), integer(1)),
      tensor_pickle("FloatStorage", 6, 6, integer(1), integer(1)),
      tensor_pickle("FloatStorage", 6, 0, integer(2) + integer(3), integer(4) + integer(1)),
      tensor_pickle("FloatStorage", 7, 0, integer(1), integer(1)),
      tensor_pickle("DoubleStorage", 6, 0, integer(1), integer(1)),
      tensor_pickle("FloatStorage", 6, 0, integer(2), integer(0xffffffffu)),
      tensor_pickle("FloatStorage", 6, 0, integer(2), integer(1) + integer(1)),
      tensor_pickle("FloatStorage", 6, 0, integer(2), huge),
      tensor_pickle("FloatStorage", 6, 0, huge, integer(0)),
      tensor_pickle("FloatStorage", 6, 0, huge + huge + integer(0), integer(0) + integer(0) + integer(0)),
  };
  for (const std::string& pickle : cases)
    CHECK_THAT(outcome(open_bytes(checkpoint_of(pickle))), StartsWith("corrupt_file: "));
}

TEST_CASE("a small storage blown up by strides of zero is not read") {
  auto checkpoint = open_bytes(checkpoint_of(
      tensor_pickle("FloatStorage", 6, 0, integer(1 << 30) + integer(1 << 20), integer(0) + integer(0))));
  REQUIRE(outcome(checkpoint) == "ok");
  CHECK_THAT(outcome((*checkpoint)->read("x")), StartsWith("unsupported_file: ") && Contains("expands"));
}

TEST_CASE("sides of one may have any stride") {
  const std::string huge = "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
  auto checkpoint = open_bytes(checkpoint_of(
      tensor_pickle("FloatStorage", 6, 0, integer(1) + integer(2) + integer(1), huge + integer(3) + huge)));
  REQUIRE(outcome(checkpoint) == "ok");
  CHECK(values(**checkpoint, "x") == Floats{0, 0});
}

TEST_CASE("tensors of more than 16 dimensions are refused") {
  const std::string ones = repeated(integer(1), 17);
  CHECK_THAT(outcome(open_bytes(checkpoint_of(tensor_pickle("FloatStorage", 6, 0, ones, ones)))),
             StartsWith("unsupported_file: ") && Contains("17 dimensions"));
}
