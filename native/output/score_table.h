#pragma once

#include <string>

#include "native/host/evaluate.h"

namespace masklet::native {

/// What an evaluation found, as lines of text to print: which frames were scored, a row a method, and, where
/// there are several sequences, their J&F, J and F with a column a method. "-" where no frame lies on a
/// stretch.
std::string score_tables(const Evaluation& evaluation);

/// The same and every single value: {"evaluation": 1, "dataset", "partial", "reason" where it is partial,
/// "finished_sequences", "expected_sequences", "methods": [{"name", "j_and_f", "j": {"mean", "recall",
/// "decay", "stretches": {"1-5", ...}}, "f": ..., "objects", "sequences": [{"name", the same, "objects":
/// [{"id", "j": [of frame 1, 2, ...], "f": ...}]}]}]}. null where no frame lies on a stretch.
std::string scores_json(const Evaluation& evaluation, const std::string& dataset);

}  // namespace masklet::native
