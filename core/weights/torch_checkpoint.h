#pragma once

#include <memory>
#include <span>

#include "core/base/result.h"
#include "core/weights/checkpoint.h"

namespace masklet {

/// Opens what torch.save writes since PyTorch 1.6: a zip archive of one pickle and its storages.
Result<std::unique_ptr<Checkpoint>> open_torch_checkpoint(std::shared_ptr<ByteSource> source);

/// Opens what torch.save wrote before (`_use_new_zipfile_serialization=False`): pickles, then storages in a
/// row.
Result<std::unique_ptr<Checkpoint>> open_legacy_torch_checkpoint(std::shared_ptr<ByteSource> source);

/// Whether a file begins as the older format does. Needs its first 14 bytes.
bool is_legacy_torch_checkpoint(std::span<const std::byte> first_bytes);

}  // namespace masklet
