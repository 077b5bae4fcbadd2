#include "native/output/score_table.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace masklet::native {
namespace {

using Json = nlohmann::ordered_json;

/// Text cells, the first column to the left, the others to the right.
using Row = std::vector<std::string>;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

std::string number(const std::optional<double>& value) {
  return value ? number(*value) : "-";
}

std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - row[i].size(), ' ');
      text += i == 0 ? row[i] + gap : "  " + gap + row[i];
    }
    text += "\n";
  }
  return text;
}

std::string counted(int count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// "frames 1 to 48"; "frames 1 to 38, 1 to 98 in the longest sequence".
std::string scored_frames(const Evaluation& evaluation) {
  const auto last = [](int frames) { return "1 to " + std::to_string(frames - 2); };
  const std::string shortest = last(evaluation.shortest_frames), longest = last(evaluation.longest_frames);
  return "frames " + shortest + (shortest == longest ? "" : ", " + longest + " in the longest sequence");
}

std::string what_was_scored(const Evaluation& evaluation) {
  const int objects = summarise(evaluation.methods.front().sequences).objects;
  return counted(evaluation.sequences, "sequence") + ", " + counted(objects, "object") +
         " shown by the first frame.\nScored: " + scored_frames(evaluation) +
         ", which leaves out the first and the last.\n";
}

std::string method_table(const Evaluation& evaluation) {
  std::vector<Row> rows = {{"method", "J", "F", "J&F", "J recall", "J decay"}};
  for (const Stretch& stretch : kStretches) rows[0].push_back(std::string("J ") + stretch.name);
  Row reached = {"objects"};
  for (const MethodScores& method : evaluation.methods) {
    const Summary summary = summarise(method.sequences);
    Row row = {method.name,
               number(summary.j.mean),
               number(summary.f.mean),
               number(summary.j_and_f),
               number(summary.j.recall),
               number(summary.j.decay)};
    for (const std::optional<double>& j : summary.j_by_stretch) row.push_back(number(j));
    rows.push_back(row);
    reached.resize(1);
    for (int i = 0; i < 5; ++i) reached.push_back(std::to_string(summary.objects));
    for (int objects : summary.objects_by_stretch) reached.push_back(std::to_string(objects));
  }
  rows.push_back(reached);
  return aligned(rows);
}

/// A row a sequence, a column a method.
std::string sequence_table(const Evaluation& evaluation, const std::string& title,
                           double (*value)(const Summary&)) {
  std::vector<Row> rows = {{title}};
  for (const MethodScores& method : evaluation.methods) rows[0].push_back(method.name);
  for (int i = 0; i < evaluation.sequences; ++i) {
    Row row = {evaluation.methods.front().sequences[i].name};
    for (const MethodScores& method : evaluation.methods)
      row.push_back(number(value(summarise({&method.sequences[i], 1}))));
    rows.push_back(row);
  }
  return aligned(rows);
}

Json json_of(const Statistics& statistics,
             const std::array<std::optional<double>, kStretches.size()>& stretches) {
  Json by_stretch = Json::object();
  for (std::size_t i = 0; i < kStretches.size(); ++i)
    by_stretch[kStretches[i].name] = stretches[i] ? Json(*stretches[i]) : Json();
  return {{"mean", statistics.mean},
          {"recall", statistics.recall},
          {"decay", statistics.decay},
          {"stretches", by_stretch}};
}

Json json_of(const std::string& name, std::span<const SequenceScores> sequences) {
  const Summary summary = summarise(sequences);
  return {{"name", name},
          {"j_and_f", summary.j_and_f},
          {"j", json_of(summary.j, summary.j_by_stretch)},
          {"f", json_of(summary.f, summary.f_by_stretch)}};
}

Json json_of(const SequenceScores& sequence) {
  Json out = json_of(sequence.name, {&sequence, 1});
  for (const ObjectScores& object : sequence.objects)
    out["objects"].push_back({{"id", object.object}, {"j", object.j}, {"f", object.f}});
  return out;
}

Json json_of(const MethodScores& method) {
  Json out = json_of(method.name, method.sequences);
  out["objects"] = summarise(method.sequences).objects;
  out["sequences"] = Json::array();
  for (const SequenceScores& sequence : method.sequences) out["sequences"].push_back(json_of(sequence));
  return out;
}

}  // namespace

std::string score_tables(const Evaluation& evaluation) {
  std::string text = what_was_scored(evaluation) + "\n" + method_table(evaluation);
  if (evaluation.sequences < 2) return text;
  text += "\n" + sequence_table(evaluation, "J&F", [](const Summary& summary) { return summary.j_and_f; });
  text += "\n" + sequence_table(evaluation, "J", [](const Summary& summary) { return summary.j.mean; });
  return text + "\n" + sequence_table(evaluation, "F", [](const Summary& summary) { return summary.f.mean; });
}

std::string scores_json(const Evaluation& evaluation, const std::string& dataset) {
  Json out = {{"evaluation", 1}, {"dataset", dataset}, {"partial", !evaluation.status.ok()}};
  if (!evaluation.status) out["reason"] = evaluation.status.error().message;
  out["finished_sequences"] = evaluation.sequences;
  out["expected_sequences"] = evaluation.expected_sequences;
  out["methods"] = Json::array();
  for (const MethodScores& method : evaluation.methods) out["methods"].push_back(json_of(method));
  return out.dump(1, ' ') + "\n";
}

}  // namespace masklet::native
