#include <algorithm>
#include <array>
#include <new>
#include <string>

#include "core/weights/checkpoint.h"
#include "core/weights/quantised.h"
#include "core/weights/safetensors_reader.h"
#include "core/weights/torch_checkpoint.h"

namespace masklet {
namespace {

constexpr std::size_t kSniffedBytes = 64;

/// Files that people give instead of a checkpoint, told by how they begin.
struct Mistaken {
  std::string_view begin, what, remedy;
};
constexpr std::array<Mistaken, 7> kMistaken = {{
    {"version https://git-lfs", "a Git LFS pointer, not the file itself", "run `git lfs pull`"},
    {"<", "a web page", "download the file itself, not the page about it"},
    {"\x1f\x8b", "compressed by gzip", "unpack it first"},
    {"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it first"},
    {"GGUF", "a GGUF model", "give the published .pt, or .safetensors with the same tensor names"},
    {"\x89HDF", "an HDF5 file", "give the published .pt, or .safetensors with the same tensor names"},
    {"\x08", "probably an ONNX model", "masklet builds its own graphs: give the checkpoint"},
}};

Result<std::unique_ptr<Checkpoint>> open_by_content(std::shared_ptr<ByteSource> source) {
  std::array<std::byte, kSniffedBytes> buffer;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(source->size(), kSniffedBytes));
  const std::span<std::byte> first = std::span(buffer).first(count);
  MASKLET_TRY(source->read(0, first));
  const std::string_view text(reinterpret_cast<const char*>(first.data()), first.size());

  constexpr std::string_view kZip = "PK";
  constexpr std::size_t kFirstOfJson = 8;
  if (text.substr(0, kZip.size()) == kZip) return open_torch_checkpoint(std::move(source));
  if (is_legacy_torch_checkpoint(first)) return open_legacy_torch_checkpoint(std::move(source));
  if (text.size() > kFirstOfJson && text[kFirstOfJson] == '{') {
    MASKLET_ASSIGN(std::unique_ptr<Checkpoint> file, SafetensorsFile::open(std::move(source)));
    return file;
  }
  for (const Mistaken& mistaken : kMistaken) {
    if (text.substr(0, mistaken.begin.size()) == mistaken.begin)
      return Error{ErrorCode::unsupported_file, "this is " + std::string(mistaken.what) +
                                                    ", no checkpoint; " + std::string(mistaken.remedy)};
  }
  if (text.size() <= kFirstOfJson) {
    return Error{ErrorCode::corrupt_file, "the file has only " + std::to_string(text.size()) +
                                              " bytes; it is cut short. Download or copy it again"};
  }
  return Error{ErrorCode::unsupported_file,
               "the file is neither a PyTorch checkpoint (.pt: a zip archive, or a pickle from before "
               "PyTorch 1.6) nor "
               ".safetensors; give a SAM 2 checkpoint as published"};
}

}  // namespace

Result<std::unique_ptr<Checkpoint>> open_checkpoint(std::shared_ptr<ByteSource> source) {
  try {
    MASKLET_ASSIGN(std::unique_ptr<Checkpoint> checkpoint, open_by_content(std::move(source)));
    return hide_scales(std::move(checkpoint));
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::out_of_memory, "there is no memory to read the checkpoint's directory"};
  }
}

}  // namespace masklet
