#pragma once

#include <string>

#include "core/base/result.h"
#include "core/weights/byte_source.h"

namespace masklet {

/// Tells files apart without reading all of a large one: the SHA-256, in hexadecimal, of its size (8 bytes,
/// little-endian) and of the 64 KiB at its start, in its middle and at its end; of all bytes where it is smaller than
/// those three together. Errors: the source's.
Result<std::string> fingerprint(ByteSource& source);

}  // namespace masklet
