#pragma once

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/weights/checkpoint.h"

// Files for the tests of the weight readers: fixtures, and small archives and pickles made by hand.
namespace masklet::weights_test {

inline std::string fixture_path(const std::string& name) {
  return std::string(MASKLET_FIXTURES) + "/weights/" + name;
}

/// Empty where there is no such file.
inline std::string file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline std::shared_ptr<ByteSource> memory(std::string_view bytes) {
  std::vector<std::byte> copy(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
  return std::make_shared<MemorySource>(std::move(copy));
}

inline Result<std::unique_ptr<Checkpoint>> open_bytes(std::string_view bytes) {
  return open_checkpoint(memory(bytes));
}

inline Result<std::unique_ptr<Checkpoint>> open_fixture(const std::string& name) {
  return open_bytes(file_bytes(fixture_path(name)));
}

/// "code: message" of a failure, "ok" of a success.
template <class R>
std::string outcome(const R& result) {
  return result.ok() ? "ok" : std::string(error_name(result.error().code)) + ": " + result.error().message;
}

/// The tensor's f32 values; empty where it cannot be read.
inline std::vector<float> values(Checkpoint& checkpoint, std::string_view name) {
  Result<Tensor> tensor = checkpoint.read_f32(name);
  if (!tensor) return {};
  return {tensor->f32().begin(), tensor->f32().end()};
}

template <class T>
std::string little_endian(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

/// A zip archive of stored files.
class StoredZip {
 public:
  StoredZip& add(const std::string& name, const std::string& content) {
    const std::string sizes = little_endian<std::uint32_t>(0) +
                              little_endian(static_cast<std::uint32_t>(content.size())) +
                              little_endian(static_cast<std::uint32_t>(content.size())) +
                              little_endian(static_cast<std::uint16_t>(name.size())) + std::string(2, '\0');
    directory_ += std::string("PK\1\2", 4) + std::string(12, '\0') + sizes + std::string(10, '\0') +
                  little_endian(static_cast<std::uint32_t>(files_.size())) + name;
    files_ += std::string("PK\3\4", 4) + std::string(10, '\0') + sizes + name + content;
    ++count_;
    return *this;
  }

  std::string bytes() const {
    return files_ + directory_ + std::string("PK\5\6", 4) + std::string(4, '\0') + little_endian(count_) +
           little_endian(count_) + little_endian(static_cast<std::uint32_t>(directory_.size())) +
           little_endian(static_cast<std::uint32_t>(files_.size())) + std::string(2, '\0');
  }

 private:
  std::string files_, directory_;
  std::uint16_t count_ = 0;
};

/// A checkpoint of the given pickle and one storage "0".
inline std::string checkpoint_of(const std::string& pickle,
                                 const std::string& storage = std::string(24, '\0')) {
  return StoredZip().add("archive/data.pkl", pickle).add("archive/data/0", storage).bytes();
}

/// A safetensors file of the given header.
inline std::string safetensors_of(const std::string& header, const std::string& data) {
  return little_endian(static_cast<std::uint64_t>(header.size())) + header + data;
}

/// One float for a test's expectations: whole tensors are written as lists of them.
using Floats = std::vector<float>;

/// "weight" and "bias" as tests/fixtures/make_weights.py fills them.
inline const Floats kWeight = {0.0f, 0.25f, 0.5f, 0.75f, 1.0f, 1.25f};
inline const Floats kBias = {-1.0f, 2.0f, 0.5f};

}  // namespace masklet::weights_test
