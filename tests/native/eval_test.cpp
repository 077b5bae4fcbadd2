#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "native/cli/command.h"
#include "native/host/evaluate.h"
#include "native/output/score_table.h"
#include "tests/native/clip_files.h"
#include "tests/native/mini_model.h"

using namespace masklet;
using namespace masklet::native;
using namespace masklet::native::testing;
using Json = nlohmann::json;

namespace fs = std::filesystem;

namespace {

constexpr int kWidth = 64, kHeight = 48, kFrames = 8;

/// A dataset of two sequences, "a" with two objects and "b" with one, and the options of a run that scores
/// their own annotations as "truth".
struct Bench {
  TemporaryFolder folder;
  EvaluateOptions options;

  Bench() {
    write_clip({kWidth, kHeight, 2, 5}, kFrames, frames("a"), masks("a"));
    write_clip({kWidth, kHeight, 1, 7}, kFrames + 2, frames("b"), masks("b"));
    options.dataset = folder / "davis";
    options.predicted = {{"truth", folder / "davis/Annotations"}};
  }

  std::string frames(const std::string& sequence) const { return folder / ("davis/JPEGImages/" + sequence); }
  std::string masks(const std::string& sequence) const { return folder / ("davis/Annotations/" + sequence); }
};

Evaluation evaluated(const EvaluateOptions& options) {
  auto evaluation = evaluate(options);
  if (!evaluation) FAIL(evaluation.error().message);
  if (!evaluation->status) FAIL(evaluation->status.error().message);
  return std::move(*evaluation);
}

Error refusal(const EvaluateOptions& options) {
  const auto evaluation = evaluate(options);
  REQUIRE_FALSE(evaluation.ok());
  return evaluation.error();
}

/// A run that begins and does not end well.
Error failure(const EvaluateOptions& options) {
  const auto evaluation = evaluate(options);
  REQUIRE(evaluation.ok());
  REQUIRE_FALSE(evaluation->status.ok());
  return evaluation->status.error();
}

bool says(const Error& error, const std::string& part) {
  if (error.message.find(part) != std::string::npos) return true;
  UNSCOPED_INFO(error.message);
  return false;
}

std::vector<std::string> names_of(const Evaluation& evaluation) {
  std::vector<std::string> names;
  for (const MethodScores& method : evaluation.methods) names.push_back(method.name);
  return names;
}

bool same_scores(const MethodScores& a, const MethodScores& b) {
  REQUIRE(a.sequences.size() == b.sequences.size());
  for (std::size_t i = 0; i < a.sequences.size(); ++i) {
    REQUIRE(a.sequences[i].objects.size() == b.sequences[i].objects.size());
    for (std::size_t k = 0; k < a.sequences[i].objects.size(); ++k) {
      const ObjectScores &one = a.sequences[i].objects[k], &other = b.sequences[i].objects[k];
      if (one.object != other.object || one.j != other.j || one.f != other.f) return false;
    }
  }
  return true;
}

std::uint32_t png_checksum(const std::string& bytes) {
  std::uint32_t sum = ~0u;
  for (unsigned char byte : bytes) {
    sum ^= byte;
    for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
  }
  return ~sum;
}

/// Turns an indexed PNG of 8 bits into a grey one: another colour type in its header, and no palette.
void make_grey(const std::string& path) {
  constexpr std::size_t kHeader = 12, kColourType = 25, kHeaderSum = 29;
  std::string bytes = read_all(path);
  REQUIRE(bytes[kColourType] == 3);
  bytes[kColourType] = 0;
  const std::uint32_t sum = png_checksum(bytes.substr(kHeader, kHeaderSum - kHeader));
  for (int i = 0; i < 4; ++i) bytes[kHeaderSum + i] = static_cast<char>(sum >> (24 - 8 * i));
  const std::size_t palette = bytes.find("PLTE") - 4;
  bytes.erase(palette, 12 + 3 * 256);
  write_all(path, bytes);
  REQUIRE_FALSE(read_label_png(path)->indexed);
}

Result<ExitCode> run_eval(std::vector<std::string> arguments) {
  CLI::App app;
  const Action action = add_eval(app);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  app.parse(arguments);
  return action();
}

}  // namespace

TEST_CASE("exact masks score 1 on every frame but the first and the last; copying the first scores less") {
  const Bench bench;
  const Evaluation evaluation = evaluated(bench.options);
  CHECK(names_of(evaluation) == std::vector<std::string>{"truth", "copy"});
  REQUIRE(evaluation.methods[0].sequences.size() == 2);
  CHECK(evaluation.methods[0].sequences[0].name == "a");
  CHECK(evaluation.methods[0].sequences[0].objects.size() == 2);
  CHECK(evaluation.methods[0].sequences[1].objects.size() == 1);
  for (const SequenceScores& sequence : evaluation.methods[0].sequences) {
    const std::size_t scored = sequence.name == "a" ? kFrames - 2 : kFrames;
    for (const ObjectScores& object : sequence.objects) {
      CHECK(object.j == std::vector<double>(scored, 1.0));
      CHECK(object.f == std::vector<double>(scored, 1.0));
    }
  }
  const Summary copy = summarise(evaluation.methods[1].sequences);
  CHECK(copy.objects == 3);
  CHECK(copy.j.mean < 1);
  CHECK(copy.j.mean > 0);
}

TEST_CASE("a model's masks, written, score the same when they are read again") {
  Bench bench;
  bench.options.model = mini_model();
  bench.options.output = bench.folder / "out";
  bench.options.sheet = true;
  for (const PromptKind kind : {PromptKind::mask, PromptKind::click, PromptKind::box}) {
    bench.options.prompt = kind;
    const Evaluation tracked = evaluated(bench.options);
    CHECK(names_of(tracked) ==
          std::vector<std::string>{std::string("mini.safetensors, ") + name_of(kind), "truth", "copy"});
    EvaluateOptions again = bench.options;
    again.model.reset();
    again.output.clear();
    again.sheet = false;
    again.predicted = {{"again", bench.folder / "out/masks"}};
    CHECK(same_scores(evaluated(again).methods[0], tracked.methods[0]));
  }
  CHECK(names_in(bench.folder / "out/masks/a").size() == kFrames);
  CHECK(names_in(bench.folder / "out/sheets") == std::vector<std::string>{"a.png", "b.png"});
}

TEST_CASE("an annotation becomes a mask, the click deepest in it, or its tightest box") {
  LabelImage first{6, 5, std::vector<std::uint8_t>(30), true};
  for (int y = 1; y < 4; ++y) {
    for (int x = 2; x < 6; ++x) first.labels[y * 6 + x] = 4;
  }
  first.labels[0] = 9;
  const MaskPrompt mask = annotation_mask(first, 4);
  CHECK(mask.object == 4);
  CHECK(std::count(mask.bitmap.begin(), mask.bitmap.end(), 1) == 12);
  const PointPrompt click = annotation_points(first, 4, PromptKind::click);
  REQUIRE(click.points.size() == 1);
  CHECK(click.points[0].x == 3);
  CHECK(click.points[0].y == 2);
  CHECK(click.points[0].label == 1);
  const PointPrompt box = annotation_points(first, 4, PromptKind::box);
  CHECK(box.points.empty());
  CHECK(*box.box == std::array<float, 4>{2, 1, 5, 3});
}

TEST_CASE("both layouts are read: with 480p in between, and one clip as synth writes it") {
  const TemporaryFolder folder;
  write_clip({kWidth, kHeight, 1, 5}, 5, folder / "d/JPEGImages/480p/a", folder / "d/Annotations/480p/a");
  write_clip({kWidth, kHeight, 1, 5}, 5, folder / "clip/frames", folder / "clip/masks");
  EvaluateOptions options;
  options.dataset = folder / "d";
  const Evaluation davis = evaluated(options);
  CHECK(davis.methods[0].sequences[0].name == "a");
  options.dataset = folder / "clip/";
  const Evaluation clip = evaluated(options);
  CHECK(clip.methods[0].sequences[0].name == "clip");
  CHECK(same_scores(davis.methods[0], clip.methods[0]));
  // Masks of a single sequence may lie in the folder itself.
  options.predicted = {{"own", folder / "clip/masks"}};
  CHECK(summarise(evaluated(options).methods[0].sequences).j.mean == 1);
}

TEST_CASE("in a grey annotation what is not black is object 1, and white is no void") {
  const TemporaryFolder folder;
  write_clip({kWidth, kHeight, 1, 5}, 4, folder / "clip/frames", folder / "clip/masks");
  EvaluateOptions options;
  options.dataset = folder / "clip";
  const Evaluation indexed = evaluated(options);
  for (const std::string& name : names_in(folder / "clip/masks")) {
    const std::string path = folder / ("clip/masks/" + name);
    LabelImage image = *read_label_png(path);
    for (std::uint8_t& label : image.labels) label = label ? 255 : 0;
    REQUIRE(write_label_png(path, image.labels, image.width, image.height).ok());
    make_grey(path);
  }
  CHECK(same_scores(evaluated(options).methods[0], indexed.methods[0]));
}

TEST_CASE("index 255 of an annotation is void: no object, and not held against a mask") {
  const TemporaryFolder folder;
  write_clip({kWidth, kHeight, 1, 5}, 4, folder / "clip/frames", folder / "clip/masks");
  std::vector<std::uint8_t> truth(kWidth * kHeight), guess(kWidth * kHeight);
  for (int y = 10; y < 40; ++y) {
    for (int x = 10; x < 50; ++x) truth[y * kWidth + x] = x < 30 ? 1 : 255, guess[y * kWidth + x] = 1;
  }
  fs::create_directories(folder / "guess");
  for (const std::string& name : names_in(folder / "clip/masks")) {
    REQUIRE(write_label_png(folder / ("clip/masks/" + name), truth, kWidth, kHeight).ok());
    REQUIRE(write_label_png(folder / ("guess/" + name), guess, kWidth, kHeight).ok());
  }
  EvaluateOptions options;
  options.dataset = folder / "clip";
  options.predicted = {{"guess", folder / "guess"}};
  const Evaluation evaluation = evaluated(options);
  const Summary summary = summarise(evaluation.methods[0].sequences);
  CHECK(summary.objects == 1);
  CHECK(summary.j.mean == 1);
  CHECK(summary.f.mean == 1);
}

TEST_CASE("sequences and frames can be picked") {
  Bench bench;
  bench.options.sequences = {"b"};
  bench.options.frames = 4;
  const Evaluation evaluation = evaluated(bench.options);
  REQUIRE(evaluation.methods[0].sequences.size() == 1);
  CHECK(evaluation.methods[0].sequences[0].name == "b");
  CHECK(evaluation.methods[0].sequences[0].objects[0].j.size() == 2);
  bench.options.frames = 2;
  CHECK(says(refusal(bench.options), "--frames is 2; it must be at least 3"));
  bench.options.frames = -1;
  CHECK(says(refusal(bench.options), "--frames is -1"));
  bench.options.frames = 0;
  bench.options.sequences = {"b", "c"};
  CHECK(says(refusal(bench.options), "no sequence 'c'; the dataset has a, b"));
  bench.options.sequences = {"b", "b"};
  CHECK(says(refusal(bench.options), "'b' is given twice"));
}

TEST_CASE("the tables say which frames were scored, and have a row a method and a column a method") {
  Bench bench;
  const Evaluation evaluation = evaluated(bench.options);
  const std::string text = score_tables(evaluation);
  const auto has = [&](const std::string& part) { return text.find(part) != std::string::npos; };
  CHECK(has("2 sequences, 3 objects shown by the first frame."));
  CHECK(has("Scored: frames 1 to 6, 1 to 8 in the longest sequence"));
  CHECK(has("method       J      F    J&F  J recall  J decay  J 1-5  J 6-20  J 21-50  J 51 on"));
  CHECK(has("truth    1.000  1.000  1.000     1.000    0.000  1.000   1.000        -        -"));
  CHECK(has("objects      3      3      3         3        3      3       3        0        0"));
  CHECK(has("\nJ&F  truth   copy\na    1.000  "));
  CHECK(has("\nF  truth   copy\n"));
  bench.options.sequences = {"a"};
  const std::string alone = score_tables(evaluated(bench.options));
  CHECK(alone.find("1 sequence, 2 objects") == 0);
  CHECK(alone.find("\nJ&F") == std::string::npos);  // the methods' rows say it already

  const Json json = Json::parse(scores_json(evaluation, "davis"));
  CHECK(json["partial"] == false);
  CHECK(json["finished_sequences"] == 2);
  CHECK(json["methods"][0]["name"] == "truth");
  CHECK(json["methods"][0]["j_and_f"] == 1.0);
  CHECK(json["methods"][0]["j"]["stretches"]["21-50"].is_null());
  CHECK(json["methods"][0]["sequences"][0]["objects"][1]["id"] == 2);
  CHECK(json["methods"][1]["sequences"][1]["objects"][0]["f"].size() == kFrames);
  CHECK(json["methods"][1]["f"]["mean"] == summarise(evaluation.methods[1].sequences).f.mean);
}

TEST_CASE("an interrupted evaluation keeps the sequences that are finished") {
  Bench bench;
  int asked = 0;
  bench.options.stop = [&asked] { return ++asked > kFrames + 4; };  // in the second sequence
  for (const bool tracks : {false, true}) {
    asked = 0;
    if (tracks) bench.options.model = mini_model();
    const auto evaluation = evaluate(bench.options);
    REQUIRE(evaluation.ok());
    REQUIRE_FALSE(evaluation->status.ok());
    CHECK(exit_code(evaluation->status.error().code) == kInterrupted);
    CHECK(evaluation->sequences == 1);
    for (const MethodScores& method : evaluation->methods) CHECK(method.sequences.size() == 1);
    CHECK(Json::parse(scores_json(*evaluation, "davis"))["partial"] == true);
  }
}

TEST_CASE("eval refuses folders that are no datasets") {
  Bench bench;
  bench.options.dataset = bench.folder / "absent";
  CHECK(refusal(bench.options).code == ErrorCode::io_failed);
  bench.options.dataset = bench.frames("a");
  CHECK(refusal(bench.options).code == ErrorCode::unsupported_file);
  CHECK(says(refusal(bench.options), "must hold JPEGImages/SEQUENCE and Annotations/SEQUENCE"));
  fs::create_directories(bench.folder / "none/JPEGImages");
  fs::create_directories(bench.folder / "none/Annotations");
  bench.options.dataset = bench.folder / "none";
  CHECK(says(refusal(bench.options), "holds no sequences"));
}

TEST_CASE("eval refuses sequences without annotations, or with too few") {
  Bench bench;
  fs::remove(bench.masks("b") + "/00009.png");
  CHECK(says(refusal(bench.options), "the sequence 'b' has 10 frames and 9 annotations"));
  fs::rename(bench.masks("b") + "/00008.png", bench.masks("b") + "/10000.png");
  fs::remove(bench.frames("b") + "/00009.png");
  CHECK(says(refusal(bench.options), "an annotation 10000.png without a frame"));
  fs::remove_all(bench.masks("b"));
  CHECK(says(refusal(bench.options), "the sequence 'b' has no annotations"));
  bench.options.sequences = {"a"};
  CHECK(evaluated(bench.options).sequences == 1);
  const std::vector<std::uint8_t> empty(kWidth * kHeight);
  REQUIRE(write_label_png(bench.masks("a") + "/00000.png", empty, kWidth, kHeight).ok());
  CHECK(says(failure(bench.options), "shows no object"));
  for (int frame = 2; frame < kFrames; ++frame) {
    fs::remove(bench.masks("a") + "/0000" + std::to_string(frame) + ".png");
    fs::remove(bench.frames("a") + "/0000" + std::to_string(frame) + ".png");
  }
  CHECK(says(refusal(bench.options), "the sequence 'a' has 2 frames"));
}

TEST_CASE("eval refuses sizes that differ, of annotations, of masks and of frames") {
  Bench bench;
  bench.options.sequences = {"a"};
  write_clip({kWidth + 1, kHeight, 1, 5}, kFrames, bench.folder / "wide/frames", bench.folder / "wide/masks");
  const std::string wide = read_all(bench.folder / "wide/masks/00003.png");
  bench.options.predicted = {{"wide", bench.folder / "wide/masks"}};
  CHECK(says(failure(bench.options), "00001.png is 65 x 48 and the true one 64 x 48"));
  bench.options.predicted.clear();
  const std::string before = read_all(bench.masks("a") + "/00003.png");
  write_all(bench.masks("a") + "/00003.png", wide);
  CHECK(says(failure(bench.options), "00003.png is 65 x 48"));
  write_all(bench.masks("a") + "/00003.png", before);
  for (const std::string& name : names_in(bench.frames("a")))
    write_all(bench.frames("a") + "/" + name, read_all(bench.folder / ("wide/frames/" + name)));
  bench.options.model = mini_model();
  CHECK(says(failure(bench.options), "are 65 x 48 pixels and its annotations 64 x 48"));
}

TEST_CASE("eval refuses masks that are not whole, before it loads a model") {
  Bench bench;
  bench.options.model = ModelOptions{};
  bench.options.model->path = bench.folder / "no model is read";
  bench.options.predicted = {{"mine", bench.folder / "mine"}};
  CHECK(says(refusal(bench.options), "mine/a' is not a folder"));
  fs::copy(bench.folder / "davis/Annotations", bench.folder / "mine", fs::copy_options::recursive);
  fs::remove(bench.folder / "mine/b/00000.png");  // neither the first nor the last one is looked at
  fs::remove(bench.folder / "mine/b/00009.png");
  CHECK(says(refusal(bench.options), "no model is read"));
  fs::remove(bench.folder / "mine/b/00008.png");
  CHECK(says(refusal(bench.options), "mine/b/00008.png' is missing; frames 1 to 8 must be there"));
}

TEST_CASE("eval refuses outputs that it cannot write or that no model makes") {
  Bench bench;
  bench.options.output = bench.folder / "out";
  CHECK(says(refusal(bench.options), "add --model"));
  bench.options.model = mini_model();
  bench.options.sheet = true;
  bench.options.output.clear();
  CHECK(says(refusal(bench.options), "add -o DIR"));
  write_all(bench.folder / "file", "in the way");
  bench.options.output = bench.folder / "file";
  CHECK(refusal(bench.options).code == ErrorCode::io_failed);
}

TEST_CASE("the eval command: options that mean nothing are refused, good ones score") {
  Bench bench;
  const std::string davis = bench.folder / "davis";
  const auto refused = [&](std::vector<std::string> more) {
    more.insert(more.begin(), davis);
    const auto code = run_eval(more);
    REQUIRE_FALSE(code.ok());
    CHECK(exit_code(code.error().code) == kUsage);
    return code.error();
  };
  CHECK(says(refused({"--model", "none", "--prompt", "word"}),
             "--prompt is 'word'; it must be mask, click or box"));
  CHECK(says(refused({"--prompt", "click"}), "add --model"));
  CHECK(says(refused({"--predicted", "folder"}), "write NAME=FOLDER"));
  CHECK(says(refused({"--predicted", "copy=folder"}), "two methods are called 'copy'"));
  CHECK(says(refused({"--predicted", "a=x", "--predicted", "a=y"}), "two methods are called 'a'"));
  CHECK(says(refused({"--progress", "loud"}), "auto, bar, json or none"));
  CHECK(says(refused({"--sequences", "a,z"}), "no sequence 'z'"));
  // The dataset may come after an option that could have taken several values.
  const std::string json = bench.folder / "scores.json";
  REQUIRE(run_eval({"--predicted", "truth=" + bench.folder / "davis/Annotations", "--sequences", "b",
                    "--progress", "none", "--json", json, davis})
              .ok());
  CHECK(Json::parse(read_all(json))["methods"][0]["j"]["mean"] == 1.0);
  CHECK(run_eval({davis, "--json", bench.folder / "absent/scores.json"}).error().code ==
        ErrorCode::io_failed);
}
