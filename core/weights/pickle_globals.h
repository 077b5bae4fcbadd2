#pragma once

#include <span>
#include <string_view>

#include "core/base/result.h"
#include "core/weights/pickle_values.h"

namespace masklet {

// The names that a state dict's pickle may refer to, and what calling them does. Nothing is imported or run:
// a name outside the list is an error, and each one inside has a constructor here.

/// The value for `module.name`, of kind global. Errors: unsafe_pickle, naming it.
Result<PickleValue> find_pickle_global(std::string_view module, std::string_view name);

/// What REDUCE and NEWOBJ give for `callable(*arguments)`.
/// Errors: unsafe_pickle where the callable is none, corrupt_file where arguments are not as torch.save
/// writes them, unsupported_file for tensors of more than 16 dimensions.
Result<PickleValue> call_pickle_global(PickleHeap& heap, PickleValue callable, PickleValue arguments);

/// What BINPERSID gives: the storage of ("storage", type, key, location, elements).
Result<PickleValue> load_persistent(PickleHeap& heap, PickleValue id);

}  // namespace masklet
