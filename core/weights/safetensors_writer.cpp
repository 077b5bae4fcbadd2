#include "core/weights/safetensors_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/weights/quote_name.h"
#include "core/weights/safetensors_format.h"

namespace masklet {
namespace {

constexpr std::size_t kAlignment = 8;

Error bad_tensor(std::string_view name, const std::string& why) {
  return {ErrorCode::invalid_argument, "cannot write tensor " + quote_name(name) + ": " + why};
}

/// A JSON string; empty where the text is not UTF-8. The replacing handler keeps dump() from throwing.
std::string json_text(const std::string& text) {
  const auto dump = [&](nlohmann::json::error_handler_t handler) {
    return nlohmann::json(text).dump(-1, ' ', false, handler);
  };
  const std::string kept = dump(nlohmann::json::error_handler_t::ignore);
  return kept == dump(nlohmann::json::error_handler_t::replace) ? kept : std::string();
}

Result<std::string> make_header(std::span<const TensorInfo> infos,
                                const std::map<std::string, std::string>& metadata) {
  std::string header = "{";
  if (!metadata.empty()) {
    header += "\"" + std::string(safetensors::kMetadata) + "\":{";
    for (const auto& [key, value] : metadata) {
      if (header.back() != '{') header += ",";
      header += json_text(key) + ":" + json_text(value);
      if (json_text(key).empty() || json_text(value).empty())
        return Error{ErrorCode::invalid_argument, "metadata " + quote_name(key) + " is not UTF-8 text"};
    }
    header += "}";
  }
  std::set<std::string_view> names;
  std::uint64_t offset = 0;
  for (const TensorInfo& info : infos) {
    const std::string name = json_text(info.name);
    if (info.name.empty() || name.empty() || info.name == safetensors::kMetadata)
      return bad_tensor(info.name, "the format does not allow this name");
    if (!names.insert(info.name).second) return bad_tensor(info.name, "the name comes twice");
    const std::uint64_t end =
        offset + static_cast<std::uint64_t>(element_count(info.shape)) * dtype_bytes(info.dtype);
    if (header.back() != '{') header += ",";
    header +=
        name + ":{\"dtype\":\"" + std::string(safetensors::name_from_dtype(info.dtype)) + "\",\"shape\":[";
    for (std::size_t i = 0; i < info.shape.size(); ++i)
      header += (i ? "," : "") + std::to_string(info.shape[i]);
    header += "],\"data_offsets\":[" + std::to_string(offset) + "," + std::to_string(end) + "]}";
    offset = end;
  }
  header += "}";
  while (header.size() % kAlignment != 0) header += ' ';
  return header;
}

Status write_header(std::span<const TensorInfo> infos, const std::map<std::string, std::string>& metadata,
                    const ByteSink& sink) {
  MASKLET_ASSIGN(const std::string header, make_header(infos, metadata));
  const std::uint64_t length = header.size();
  MASKLET_TRY(sink(std::as_bytes(std::span<const std::uint64_t>(&length, 1))));
  MASKLET_TRY(sink(std::as_bytes(std::span<const char>(header))));
  return {};
}

}  // namespace

Status write_safetensors(std::span<const TensorInfo> infos,
                         const std::map<std::string, std::string>& metadata, const TensorProvider& provider,
                         const ByteSink& sink, std::size_t left_out) {
  MASKLET_TRY(write_header(infos, metadata, sink));
  for (std::size_t i = 0; i + left_out < infos.size(); ++i) {
    MASKLET_ASSIGN(const Tensor tensor, provider(i));
    if (tensor.dtype != infos[i].dtype || tensor.shape != infos[i].shape) {
      return bad_tensor(infos[i].name, "it is " + std::string(dtype_name(tensor.dtype)) + " " +
                                           to_string(tensor.shape) + " but was announced as " +
                                           std::string(dtype_name(infos[i].dtype)) + " " +
                                           to_string(infos[i].shape));
    }
    MASKLET_TRY(sink(tensor.bytes));
  }
  return {};
}

Status write_safetensors(std::span<const NamedTensor> tensors,
                         const std::map<std::string, std::string>& metadata, const ByteSink& sink) {
  std::vector<TensorInfo> infos;
  for (const NamedTensor& named : tensors)
    infos.push_back({named.name, named.tensor.dtype, named.tensor.shape});
  MASKLET_TRY(write_header(infos, metadata, sink));
  for (const NamedTensor& named : tensors) MASKLET_TRY(sink(named.tensor.bytes));
  return {};
}

}  // namespace masklet
