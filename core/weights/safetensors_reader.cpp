#include "core/weights/safetensors_reader.h"

#include <algorithm>

#include "core/weights/little_endian.h"
#include "core/weights/quote_name.h"
#include "core/weights/safetensors_format.h"
#include "core/weights/safetensors_header.h"
#include "core/weights/state_dict.h"

namespace masklet {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 16u << 20;

Status check_extents(const std::vector<safetensors::Entry>& entries, std::uint64_t data_bytes) {
  std::vector<const safetensors::Entry*> sorted;
  for (const safetensors::Entry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return a->begin != b->begin ? a->begin < b->begin : a->end < b->end;
  });
  const safetensors::Entry* before = nullptr;
  for (const safetensors::Entry* entry : sorted) {
    if (entry->end > data_bytes) {
      return Error{ErrorCode::corrupt_file, "tensor " + quote_name(entry->info.name) + " ends at data byte " +
                                                std::to_string(entry->end) + " of " +
                                                std::to_string(data_bytes) +
                                                "; the file is cut short. Download or copy it again"};
    }
    if (before && entry->begin < before->end) {
      return Error{ErrorCode::corrupt_file, "tensors " + quote_name(before->info.name) + " and " +
                                                quote_name(entry->info.name) + " overlap at data byte " +
                                                std::to_string(entry->begin) + "; the file is damaged"};
    }
    before = entry;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<SafetensorsFile>> SafetensorsFile::open(std::shared_ptr<ByteSource> source) {
  const std::uint64_t size = source->size();
  if (size < safetensors::kLengthBytes) {
    return Error{ErrorCode::corrupt_file, "the file has " + std::to_string(size) +
                                              " bytes; not even a safetensors header begins there"};
  }
  std::byte length[safetensors::kLengthBytes];
  MASKLET_TRY(source->read(0, length));
  const auto header_bytes = load_little_endian<std::uint64_t>(length, 0);
  if (header_bytes > size - safetensors::kLengthBytes) {
    return Error{ErrorCode::corrupt_file,
                 "the safetensors header of " + std::to_string(header_bytes) +
                     " bytes does not fit the file of " + std::to_string(size) +
                     "; it is cut short or no checkpoint. Download or copy it again"};
  }
  if (header_bytes > kMaxHeaderBytes) {
    return Error{ErrorCode::unsupported_file, "the safetensors header has " + std::to_string(header_bytes) +
                                                  " bytes; masklet reads up to " +
                                                  std::to_string(kMaxHeaderBytes) +
                                                  ". Is this a SAM 2 checkpoint?"};
  }
  std::string text(static_cast<std::size_t>(header_bytes), '\0');
  MASKLET_TRY(source->read(safetensors::kLengthBytes, std::as_writable_bytes(std::span<char>(text))));
  MASKLET_ASSIGN(safetensors::Header header, safetensors::parse_header(text));
  const std::uint64_t data_begin = safetensors::kLengthBytes + header_bytes;
  MASKLET_TRY(check_extents(header.tensors, size - data_begin));

  std::unique_ptr<SafetensorsFile> file(new SafetensorsFile(std::move(source)));
  for (safetensors::Entry& entry : header.tensors) {
    entry.info.name = std::string(without_wrappers(entry.info.name));
    file->infos_.push_back(std::move(entry.info));
    file->offsets_.push_back(data_begin + entry.begin);
  }
  MASKLET_TRY(check_distinct(file->infos_));
  file->metadata_ = std::move(header.metadata);
  return file;
}

Result<Tensor> SafetensorsFile::read_at(std::size_t index) {
  Tensor tensor(infos_[index].dtype, infos_[index].shape);
  MASKLET_TRY(source_->read(offsets_[index], tensor.bytes));
  return tensor;
}

}  // namespace masklet
