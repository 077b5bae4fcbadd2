#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/tracking/record_store.h"

namespace masklet::native {

/// Records in files of a folder, one an object, each record at its frame's place. The files have no names: they
/// go when the store does, also where the process ends some other way.
class FileRecordStore final : public RecordStore {
 public:
  /// Makes its files in `folder`, which should lie on a disk and not in memory. Errors: io_failed.
  static Result<std::unique_ptr<FileRecordStore>> create(const std::string& folder);
  ~FileRecordStore() override;
  FileRecordStore(const FileRecordStore&) = delete;
  FileRecordStore& operator=(const FileRecordStore&) = delete;

  Status write(int object, int frame, std::span<const std::byte> record) override;
  Status read(int object, int frame, std::span<std::byte> record) override;
  void forget(int object) override;

 private:
  explicit FileRecordStore(std::string folder) : folder_(std::move(folder)) {}
  Result<int> descriptor_of(int object);

  std::string folder_;
  std::map<int, int> descriptors_;  // by object
};

}  // namespace masklet::native
