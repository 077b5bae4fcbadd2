#include "native/cli/prompt_flags.h"

#include <catch2/catch.hpp>

#include "tests/native/clip_files.h"

using namespace masklet;
using namespace masklet::native;

namespace {

std::string refusal(const PromptFlags& flags) {
  const auto prompts = parse_prompt_flags(flags);
  REQUIRE_FALSE(prompts.ok());
  CHECK(prompts.error().code == ErrorCode::invalid_argument);
  return prompts.error().message;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("prompt flags are read and joined by frame and object") {
  const auto prompts = parse_prompt_flags(
      {{"10,20", "5.5,6,3,2"}, {"11,21"}, {"1,2,30,40,3,2"}, {"a,b.png,3,4", "5.png", "6.png,1"}});
  REQUIRE_FALSE(prompts.ok());  // 5.png is object 1 on frame 0, which has clicks
  const auto good =
      parse_prompt_flags({{"10,20", "5.5,6,3,2"}, {"11,21"}, {"1,2,30,40,3,2"}, {"a,b.png,3,4", "6.png,1"}});
  REQUIRE(good.ok());
  REQUIRE(good->size() == 4);
  const ClipPrompt& first = (*good)[0];
  CHECK(first.frame == 0);
  CHECK(first.object == 1);
  CHECK(first.points == std::vector<Point>{{10, 20, 1}, {11, 21, 0}});
  CHECK_FALSE(first.box);
  CHECK((*good)[1].mask_path == "6.png");
  CHECK((*good)[1].frame == 1);
  CHECK((*good)[1].object == 1);
  const ClipPrompt& boxed = (*good)[2];
  CHECK(boxed.object == 2);
  CHECK(boxed.points == std::vector<Point>{{5.5f, 6, 1}});
  REQUIRE(boxed.box);
  CHECK(*boxed.box == std::array<float, 4>{1, 2, 30, 40});
  CHECK((*good)[3].mask_path == "a,b.png");
  CHECK((*good)[3].object == 4);
}

TEST_CASE("prompt flags that cannot be read are quoted with their form") {
  for (const char* text : {"", "1", "1,b", "1,2,x", "1,2,3,4,5", "nan,2", "1,2,1.5", "1,2,", " 1,2"})
    CHECK(contains(refusal({{text}, {}, {}, {}}), "--click X,Y[,FRAME[,OBJECT]]"));
  CHECK(contains(refusal({{}, {}, {"1,2,3"}, {}}), "--box 1,2,3 cannot be read"));
  CHECK(contains(refusal({{}, {}, {}, {""}}), "--mask FILE"));
  CHECK(contains(refusal({}), "--click X,Y"));
}

TEST_CASE("prompts that contradict each other are refused") {
  CHECK(contains(refusal({{"1,2"}, {"1,2"}, {}, {}}), "as the object and as not the object"));
  CHECK(contains(refusal({{}, {}, {"1,2,3,4", "1,2,3,5"}, {}}), "two boxes"));
  CHECK(contains(refusal({{}, {}, {}, {"a.png", "b.png"}}), "two masks"));
  CHECK(contains(refusal({{"1,2"}, {}, {}, {"a.png"}}), "a mask and also clicks"));
  CHECK(contains(refusal({{}, {"1,2"}, {}, {}}), "negative clicks alone"));
  CHECK(contains(refusal({{"1,2,0,0"}, {}, {}, {}}), "object 0: ids must be from 1 to 255"));
  CHECK(contains(refusal({{"1,2,0,256"}, {}, {}, {}}), "from 1 to 255"));
}

TEST_CASE("prompts come from a JSON file, alone or in an earlier masklets.jsonl, beside flags") {
  const testing::TemporaryFolder folder;
  const std::string list =
      R"([{"object": 2, "frame": 3, "points": [[5.5, 6], [7, 8]], "labels": [1, 0]}, {"box": [1, 2, 30, 40]},)"
      R"( {"object": 4, "mask": "m.png"}])";
  testing::write_all(folder / "list.json", list);
  testing::write_all(folder / "object.json", R"({"prompts": )" + list + "}");
  testing::write_all(folder / "masklets.jsonl",
                     R"({"masklets": 1, "prompts": )" + list + "}\n{\"frame\": 0}\n");
  for (const char* name : {"list.json", "object.json", "masklets.jsonl"}) {
    PromptFlags flags{{"9,9,3,2"}, {}, {}, {}, folder / name};
    const auto prompts = parse_prompt_flags(flags);
    if (!prompts.ok()) FAIL(prompts.error().message);
    REQUIRE(prompts->size() == 3);
    CHECK((*prompts)[0].box == std::array<float, 4>{1, 2, 30, 40});
    CHECK((*prompts)[1].mask_path == folder / "m.png");
    CHECK((*prompts)[2].points == std::vector<Point>{{5.5f, 6, 1}, {7, 8, 0}, {9, 9, 1}});
  }
}

TEST_CASE("a prompts file that cannot be meant is refused, naming the prompt and the field") {
  const testing::TemporaryFolder folder;
  const auto refused = [&](const std::string& text) {
    testing::write_all(folder / "p.json", text);
    return refusal({{}, {}, {}, {}, folder / "p.json"});
  };
  CHECK(contains(refused("{"), "is not JSON"));
  CHECK(contains(refused("{}"), "has no \"prompts\""));
  CHECK(contains(refused("7"), "holds no list"));
  CHECK(contains(refused("[]"), "no object is given"));
  CHECK(contains(refused(R"([{"object": 1}])"), "prompt 0 of"));
  CHECK(contains(refused(R"([{"object": 1}])"), "shows nothing"));
  CHECK(contains(refused(R"([{"points": [[1, 2]], "labels": [1, 0]}])"), "give one a point"));
  CHECK(contains(refused(R"([{"points": [[1, 2]], "labels": [2]}])"), "must be 1"));
  CHECK(contains(refused(R"([{"points": [[1, 2, 3]]}])"), "points"));
  CHECK(contains(refused(R"([{"box": [1, 2, 3]}])"), "[x0, y0, x1, y1]"));
  CHECK(contains(refused(R"([{"points": [[1, 2]], "colour": "red"}])"), "colour"));
  // Two objects under one id.
  CHECK(contains(refused(R"([{"box": [1, 2, 3, 4]}, {"box": [5, 6, 7, 8]}])"),
                 "object 1 on frame 0 has two boxes"));
  CHECK(contains(refused(R"([{"object": 0, "box": [1, 2, 3, 4]}])"), "from 1 to 255"));
}
