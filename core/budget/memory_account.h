#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace masklet {

/// What bytes are held for.
enum class MemoryCategory {
  program,      ///< code, stacks and what libraries hold for themselves
  weights,      ///< the networks as the runtime holds them, and on their way there
  activations,  ///< tensors inside a network while it runs
  features,     ///< frames' features, kept by the host between runs
  steps,        ///< inputs and outputs of networks on their way between core and host
  track_store,  ///< masks, pointers and memories of frames that were tracked
  frames,       ///< pictures: decoded, converted, resized
  results,      ///< masks at the clip's size, and what is written of them
};
inline constexpr int kMemoryCategoryCount = 8;

/// "program", "weights", ..., "track store", ...
std::string_view memory_category_name(MemoryCategory category);

/// Bytes that are held, and the most that ever were.
struct HeldBytes {
  std::uint64_t current = 0;
  std::uint64_t peak = 0;
};

/// What is held at a moment. A category's peak and the total's need not be of the same moment.
struct MemoryReport {
  std::uint64_t limit_bytes = 0;  ///< 0: none
  HeldBytes total;
  std::array<HeldBytes, kMemoryCategoryCount> categories;

  const HeldBytes& operator[](MemoryCategory category) const {
    return categories[static_cast<std::size_t>(category)];
  }
};

class MemoryAccount;

/// Bytes charged to an account, which it gets back when the charge ends. The account must live longer.
class MemoryCharge {
 public:
  /// Charges nothing, to nobody.
  MemoryCharge() = default;
  /// An empty charge. `what` says who asks, in errors; it must be a literal.
  MemoryCharge(MemoryAccount& account, MemoryCategory category, std::string_view what)
      : account_(&account), category_(category), what_(what) {}
  MemoryCharge(MemoryCharge&& other) noexcept;
  MemoryCharge& operator=(MemoryCharge&& other) noexcept;
  ~MemoryCharge();

  /// Makes the charge this large. Errors: out_of_memory, and nothing changes, where more would exceed the limit.
  Status resize(std::uint64_t bytes);
  /// The same for bytes that are there already and cannot be refused.
  void set(std::uint64_t bytes);
  std::uint64_t bytes() const { return bytes_; }

 private:
  MemoryAccount* account_ = nullptr;
  MemoryCategory category_ = MemoryCategory::program;
  std::string_view what_;
  std::uint64_t bytes_ = 0;
};

/// Who holds how many bytes for what. A part (a session's account) passes everything on to the whole (its
/// host's), whose limit counts. Safe to use from several threads.
class MemoryAccount {
 public:
  /// `limit_bytes` 0: no limit.
  explicit MemoryAccount(std::uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  /// A part of `whole`, which must live longer; of nothing where it is null.
  explicit MemoryAccount(MemoryAccount* whole) : whole_(whole) {}
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  /// Bytes of the limit that charges leave free, for what is held for moments only.
  void reserve(std::uint64_t bytes);

  /// Notes bytes that were held for a moment: peaks rise, nothing stays charged.
  void touch(MemoryCategory category, std::uint64_t bytes);

  MemoryReport report() const;

 private:
  friend class MemoryCharge;
  /// `may_refuse`: more than the limit is an error; otherwise it is only counted.
  Status change(MemoryCategory category, std::uint64_t from, std::uint64_t to, std::string_view what,
                bool may_refuse);
  std::string uses() const;

  MemoryAccount* whole_ = nullptr;
  const std::uint64_t limit_bytes_ = 0;
  std::uint64_t reserved_bytes_ = 0;
  mutable std::mutex mutex_;
  HeldBytes total_;
  std::array<HeldBytes, kMemoryCategoryCount> categories_;
};

}  // namespace masklet
