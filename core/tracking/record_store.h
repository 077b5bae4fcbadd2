#pragma once

#include <cstddef>
#include <span>

#include "core/base/result.h"

namespace masklet {

/// Where records of tracked frames lie that need not be in memory: a file, the origin's private file system.
/// One session's own. All records are of one size.
class RecordStore {
 public:
  virtual ~RecordStore() = default;

  /// Puts a record in, or in the place of the one that is there. Errors: io_failed.
  virtual Status write(int object, int frame, std::span<const std::byte> record) = 0;
  /// Reads what was written. Errors: io_failed.
  virtual Status read(int object, int frame, std::span<std::byte> record) = 0;
  /// The object's records are not needed any more.
  virtual void forget(int object) = 0;
};

}  // namespace masklet
