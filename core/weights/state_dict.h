#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/weights/checkpoint.h"
#include "core/weights/pickle_values.h"

namespace masklet {

/// A tensor of a state dict: its name, wrappers' prefixes removed, and its index among the heap's tensors.
struct StateDictEntry {
  std::string name;
  std::size_t tensor;
};

/// Finds the state dict in what a checkpoint's pickle made: under "model", "state_dict" or
/// "model_state_dict", or the value itself. Entries that are no tensors are passed over. Errors:
/// unsupported_file where there is none, naming what there is, or where a name is longer than 1024 bytes.
Result<std::vector<StateDictEntry>> find_state_dict(const PickleHeap& heap, PickleValue root);

/// The name without the prefixes that wrappers put before it: "module." (DataParallel), "_orig_mod."
/// (torch.compile) and "model." (trainers), any number of them.
std::string_view without_wrappers(std::string_view name);

/// Fails with corrupt_file where two tensors have one name.
Status check_distinct(const std::vector<TensorInfo>& tensors);

}  // namespace masklet
