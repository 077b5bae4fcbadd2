#include "wasm/account_handle.h"

#include "wasm/values.h"

namespace masklet::wasm {
namespace {

Result<MemoryCategory> category_of(const std::string& name) {
  for (int i = 0; i < kMemoryCategoryCount; ++i) {
    if (name == memory_category_name(static_cast<MemoryCategory>(i))) return static_cast<MemoryCategory>(i);
  }
  return Error{ErrorCode::invalid_argument, "there is no memory category '" + name + "'"};
}

val held_value(const HeldBytes& held) {
  val value = val::object();
  value.set("current", static_cast<double>(held.current));
  value.set("peak", static_cast<double>(held.peak));
  return value;
}

}  // namespace

Result<MemoryCharge*> AccountHandle::charge(const std::string& category, const std::string& what) {
  MASKLET_ASSIGN(const MemoryCategory known, category_of(category));
  const auto [it, is_new] = charges_.try_emplace(what);
  if (is_new) it->second = MemoryCharge(account_, known, it->first);
  return &it->second;
}

val AccountHandle::hold(const std::string& category, const std::string& what, double bytes) {
  const auto held = charge(category, what);
  return held ? outcome((*held)->resize(static_cast<std::uint64_t>(bytes))) : failure(held.error());
}

val AccountHandle::set(const std::string& category, const std::string& what, double bytes) {
  const auto held = charge(category, what);
  if (!held) return failure(held.error());
  (*held)->set(static_cast<std::uint64_t>(bytes));
  return success();
}

val AccountHandle::touch(const std::string& category, double bytes) {
  const auto known = category_of(category);
  if (!known) return failure(known.error());
  account_.touch(*known, static_cast<std::uint64_t>(bytes));
  return success();
}

val AccountHandle::report() const {
  const MemoryReport report = account_.report();
  val categories = val::object();
  for (int i = 0; i < kMemoryCategoryCount; ++i)
    categories.set(std::string(memory_category_name(static_cast<MemoryCategory>(i))), held_value(report.categories[i]));
  val value = held_value(report.total);
  value.set("limit", static_cast<double>(report.limit_bytes));
  value.set("categories", categories);
  return value;
}

}  // namespace masklet::wasm
