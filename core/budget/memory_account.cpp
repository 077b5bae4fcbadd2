#include "core/budget/memory_account.h"

#include <algorithm>
#include <utility>

#include "core/budget/bytes.h"

namespace masklet {
namespace {

constexpr std::array<std::string_view, kMemoryCategoryCount> kNames = {
    "program", "weights", "activations", "features", "steps", "track store", "frames", "results"};

void raise(HeldBytes& held, std::uint64_t from, std::uint64_t to) {
  held.current = held.current - from + to;
  held.peak = std::max(held.peak, held.current);
}

}  // namespace

std::string_view memory_category_name(MemoryCategory category) {
  return kNames[static_cast<std::size_t>(category)];
}

MemoryCharge::MemoryCharge(MemoryCharge&& other) noexcept
    : account_(other.account_),
      category_(other.category_),
      what_(other.what_),
      bytes_(std::exchange(other.bytes_, 0)) {}

MemoryCharge& MemoryCharge::operator=(MemoryCharge&& other) noexcept {
  std::swap(account_, other.account_);
  std::swap(category_, other.category_);
  std::swap(what_, other.what_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MemoryCharge::~MemoryCharge() { set(0); }

Status MemoryCharge::resize(std::uint64_t bytes) {
  if (account_) MASKLET_TRY(account_->change(category_, bytes_, bytes, what_, true));
  bytes_ = bytes;
  return {};
}

void MemoryCharge::set(std::uint64_t bytes) {
  if (account_) (void)account_->change(category_, bytes_, bytes, what_, false);
  bytes_ = bytes;
}

Status MemoryAccount::change(MemoryCategory category, std::uint64_t from, std::uint64_t to,
                             std::string_view what, bool may_refuse) {
  // The whole decides first: a part never counts what the whole refused.
  if (whole_) MASKLET_TRY(whole_->change(category, from, to, what, may_refuse));
  const std::lock_guard lock(mutex_);
  if (may_refuse && limit_bytes_ && to > from && total_.current - from + to + reserved_bytes_ > limit_bytes_)
    return Error{ErrorCode::out_of_memory,
                 std::string(what) + " asks for " + format_bytes(to - from) + "; of the memory limit of " +
                     format_bytes(limit_bytes_) + " " + format_bytes(total_.current) + " are in use (" +
                     uses() + ")" +
                     (reserved_bytes_ ? " and " + format_bytes(reserved_bytes_) + " kept for running networks" : "") +
                     ": raise the limit, track fewer objects or take a smaller input size"};
  raise(total_, from, to);
  raise(categories_[static_cast<std::size_t>(category)], from, to);
  return {};
}

void MemoryAccount::reserve(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  reserved_bytes_ = bytes;
}

void MemoryAccount::touch(MemoryCategory category, std::uint64_t bytes) {
  if (whole_) whole_->touch(category, bytes);
  const std::lock_guard lock(mutex_);
  HeldBytes& held = categories_[static_cast<std::size_t>(category)];
  held.peak = std::max(held.peak, held.current + bytes);
  total_.peak = std::max(total_.peak, total_.current + bytes);
}

MemoryReport MemoryAccount::report() const {
  const std::lock_guard lock(mutex_);
  return {limit_bytes_, total_, categories_};
}

std::string MemoryAccount::uses() const {
  std::string text;
  for (std::size_t i = 0; i < categories_.size(); ++i) {
    if (categories_[i].current == 0) continue;
    text += (text.empty() ? "" : ", ") + std::string(kNames[i]) + " " + format_bytes(categories_[i].current);
  }
  return text;
}

}  // namespace masklet
