#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/model/architecture.h"
#include "core/weights/checkpoint.h"

namespace masklet {

/// A size that Meta published, as of SAM 2.1; SAM 2.0's differs in the two flags alone.
struct PublishedModel {
  std::string_view size;  ///< "tiny", "small", "base_plus", "large"
  Architecture architecture;
};
std::span<const PublishedModel> published_models();

/// "SAM 2.1 tiny", "SAM 2.0 large", or "SAM 2 of its own shape" for what nobody published.
std::string model_name(const Architecture& architecture);

/// The architecture that a checkpoint seems to have, its tensors not yet held against it: the published one
/// that its trunk shows, or `given` (a model.json) with the two flags that the tensors decide. Errors:
/// unsupported_file for checkpoints of other models and for SAM 2 converted to other tensor names, naming the
/// layout; unknown_architecture where nothing was given and no published size matches; invalid_argument where
/// `given` breaks its rules.
Result<Architecture> presume_architecture(const std::vector<TensorInfo>& tensors,
                                          const std::optional<Architecture>& given = std::nullopt);

/// The same, and all tensors that the architecture needs are there with their shapes; tensors beyond them are
/// not an error. Errors: those of presume_architecture; weights_mismatch where tensors are missing or of
/// another shape.
Result<Architecture> recognise(const std::vector<TensorInfo>& tensors,
                               const std::optional<Architecture>& given = std::nullopt);

}  // namespace masklet
