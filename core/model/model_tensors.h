#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/architecture.h"
#include "core/weights/checkpoint.h"

namespace masklet {

/// Every tensor of a checkpoint of this architecture, under its published name, in the order of Meta's files.
/// Shapes are exact; dtypes are f32 and a checkpoint's may differ. `architecture` must be valid.
std::vector<TensorInfo> expected_tensors(const Architecture& architecture);

struct MisshapenTensor {
  std::string name;
  Shape expected;
  Shape found;
};

/// How a checkpoint's tensors differ from those expected. Unexpected tensors do no harm.
struct TensorReport {
  std::vector<std::string> missing;
  std::vector<MisshapenTensor> misshapen;
  std::vector<std::string> unexpected;

  /// Nothing that the networks need is missing or of another shape.
  bool fits() const { return missing.empty() && misshapen.empty(); }
};

TensorReport compare_tensors(const Architecture& architecture, const std::vector<TensorInfo>& found);

/// Fails with weights_mismatch, counting and naming the first few tensors, unless the report fits.
Status check_report(const TensorReport& report);

/// A part of SAM 2 and what it holds, for people to read.
struct PartSummary {
  std::string_view part;  ///< "image encoder", "memory attention", ..., or "other" for unexpected tensors
  std::int64_t tensors = 0;
  std::int64_t parameters = 0;
};

/// Sums the tensors by part, by their names; parts without tensors are left out.
std::vector<PartSummary> summarise_parts(const std::vector<TensorInfo>& tensors);

}  // namespace masklet
