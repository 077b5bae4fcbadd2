#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/weights/checkpoint.h"

namespace masklet::safetensors {

/// One tensor as the header lists it: bytes [begin, end) of the data that follow the header.
struct Entry {
  TensorInfo info;
  std::uint64_t begin = 0, end = 0;
};

struct Header {
  std::vector<Entry> tensors;
  std::map<std::string, std::string> metadata;  ///< entries of "__metadata__" that are text
};

/// Parses the header's JSON. Streams it: a hostile header costs no more memory than its bytes.
/// Errors: corrupt_file where it is no such JSON, a name comes twice, or offsets do not fit dtype and shape;
/// unsupported_file for other dtypes and more than 16 dimensions.
Result<Header> parse_header(std::string_view json);

}  // namespace masklet::safetensors
