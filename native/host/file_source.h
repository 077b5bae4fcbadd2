#pragma once

#include <memory>
#include <string>

#include "core/weights/byte_source.h"

namespace masklet::native {

/// A file as a random-access source. Errors: io_failed.
Result<std::shared_ptr<ByteSource>> open_file(const std::string& path);

/// The whole of a small file. Errors: io_failed; out_of_memory beyond `limit_bytes`.
Result<std::string> read_text_file(const std::string& path, std::uint64_t limit_bytes = 64u << 20);

}  // namespace masklet::native
