#include "core/weights/safetensors_header.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/weights/little_endian.h"
#include "core/weights/quote_name.h"
#include "core/weights/safetensors_format.h"

namespace masklet::safetensors {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxRank = 16, kMaxNameBytes = 1024;

Error corrupt(const std::string& what) {
  return {ErrorCode::corrupt_file,
          "the safetensors header is broken: " + what + ". Download or save the file again"};
}

/// Receives the parser's events. The format nests three deep: file, tensor, list of numbers.
class HeaderEvents final : public nlohmann::json_sax<json> {
 public:
  Header header;
  std::optional<Error> error;

  bool start_object(std::size_t) override {
    if (place_ == Place::outside) return enter(Place::file);
    if (place_ == Place::file && name_ == kMetadata) return enter(Place::metadata);
    if (place_ == Place::file) {
      entry_ = {};
      entry_.info.name = name_;
      has_dtype_ = has_shape_ = false;
      offsets_.clear();
      return enter(Place::tensor);
    }
    return unexpected("an object");
  }

  bool end_object() override {
    if (place_ == Place::tensor) {
      if (!finish_tensor()) return false;
      return enter(Place::file);
    }
    return enter(place_ == Place::metadata ? Place::file : Place::end);
  }

  bool key(std::string& text) override {
    if (text.size() > kMaxNameBytes)
      return fail(corrupt("a name has " + std::to_string(text.size()) + " bytes"));
    (place_ == Place::file ? name_ : key_) = std::move(text);
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::tensor) return unexpected("a list");
    if (key_ == "shape") {
      has_shape_ = true;
      entry_.info.shape.clear();
      return enter(Place::shape);
    }
    if (key_ == "data_offsets") {
      offsets_.clear();
      return enter(Place::offsets);
    }
    return unexpected("a list");
  }

  bool end_array() override { return enter(Place::tensor); }

  bool string(std::string& text) override {
    if (place_ == Place::metadata) {
      header.metadata[key_] = std::move(text);
      return true;
    }
    if (place_ != Place::tensor || key_ != "dtype") return unexpected("a text");
    const std::optional<DType> dtype = dtype_from_name(text);
    if (!dtype) {
      return fail(
          {ErrorCode::unsupported_file, "tensor " + quote_name(name_) + " has dtype " + quote_name(text) +
                                            ", which masklet does not read; convert it to F32, F16 or BF16"});
    }
    entry_.info.dtype = *dtype;
    has_dtype_ = true;
    return true;
  }

  bool number_unsigned(std::uint64_t value) override {
    if (place_ == Place::metadata) return true;
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return fail(corrupt("tensor " + quote_name(name_) + " holds the number " + std::to_string(value)));
    if (place_ == Place::offsets && offsets_.size() < 2) {
      offsets_.push_back(value);
      return true;
    }
    if (place_ != Place::shape) return unexpected("a number");
    if (entry_.info.shape.size() == kMaxRank) {
      return fail({ErrorCode::unsupported_file, "tensor " + quote_name(name_) + " has more than " +
                                                    std::to_string(kMaxRank) +
                                                    " dimensions, masklet's limit"});
    }
    entry_.info.shape.push_back(static_cast<std::int64_t>(value));
    return true;
  }

  // Metadata should be text; other simple values there are passed over.
  bool null() override { return place_ == Place::metadata || unexpected("null"); }
  bool boolean(bool) override { return place_ == Place::metadata || unexpected("a boolean"); }
  bool number_integer(std::int64_t) override {
    return place_ == Place::metadata || unexpected("a negative number");
  }
  bool number_float(double, const std::string&) override {
    return place_ == Place::metadata || unexpected("a fraction");
  }
  bool binary(json::binary_t&) override { return unexpected("binary data"); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return fail(corrupt("it is no JSON at byte " + std::to_string(kLengthBytes + position)));
  }

 private:
  enum class Place { outside, file, metadata, tensor, shape, offsets, end };

  bool enter(Place place) {
    place_ = place;
    return true;
  }

  bool fail(Error reason) {
    error = std::move(reason);
    return false;
  }

  bool unexpected(const std::string& what) {
    return fail(corrupt(what + " stands in the entry " + quote_name(name_)));
  }

  bool finish_tensor() {
    const std::string label = "tensor " + quote_name(name_);
    if (!has_dtype_ || !has_shape_ || offsets_.size() != 2)
      return fail(corrupt(label + " lacks dtype, shape or its two data_offsets"));
    std::uint64_t bytes = dtype_bytes(entry_.info.dtype);
    bool fits = true;
    for (std::int64_t side : entry_.info.shape)
      fits = fits && checked_multiply(bytes, static_cast<std::uint64_t>(side), bytes);
    fits = fits && bytes <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!fits || offsets_[1] < offsets_[0] || offsets_[1] - offsets_[0] != bytes) {
      return fail(corrupt(label + " of dtype " + std::string(dtype_name(entry_.info.dtype)) + " and shape " +
                          to_string(entry_.info.shape) + " lies at bytes " + std::to_string(offsets_[0]) +
                          " to " + std::to_string(offsets_[1])));
    }
    entry_.begin = offsets_[0];
    entry_.end = offsets_[1];
    header.tensors.push_back(std::move(entry_));
    return true;
  }

  Place place_ = Place::outside;
  std::string name_, key_;
  Entry entry_;
  bool has_dtype_ = false, has_shape_ = false;
  std::vector<std::uint64_t> offsets_;
};

}  // namespace

Result<Header> parse_header(std::string_view text) {
  HeaderEvents events;
  const bool parsed = json::sax_parse(text.begin(), text.end(), &events);
  if (events.error) return *events.error;
  if (!parsed) return corrupt("it is no JSON");
  return std::move(events.header);
}

}  // namespace masklet::safetensors
