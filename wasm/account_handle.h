#pragma once

#include <emscripten/val.h>

#include <map>
#include <string>

#include "core/budget/memory_account.h"

namespace masklet::wasm {

/// The worker's account. Sessions in core charge it themselves; what lies in JavaScript or in the runtime, JavaScript
/// says.
class AccountHandle {
 public:
  /// `limit_bytes` 0: none.
  explicit AccountHandle(double limit_bytes) : account_(static_cast<std::uint64_t>(limit_bytes)) {}

  /// From now on `what` holds this many bytes, in a category by its name. {error} where more would exceed the limit:
  /// then nothing changes.
  emscripten::val hold(const std::string& category, const std::string& what, double bytes);
  /// The same for bytes that are there already. {error} only for an unknown category.
  emscripten::val set(const std::string& category, const std::string& what, double bytes);
  /// What holds leave free, for what is there for moments only.
  void reserve(double bytes) { account_.reserve(static_cast<std::uint64_t>(bytes)); }
  /// Was there for a moment.
  emscripten::val touch(const std::string& category, double bytes);
  /// {limit, current, peak, categories: {name: {current, peak}}}.
  emscripten::val report() const;

  MemoryAccount& account() { return account_; }

 private:
  Result<MemoryCharge*> charge(const std::string& category, const std::string& what);

  MemoryAccount account_;
  std::map<std::string, MemoryCharge> charges_;  // by what; names and charges stay where they are
};

}  // namespace masklet::wasm
