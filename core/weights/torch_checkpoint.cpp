#include "core/weights/torch_checkpoint.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "core/weights/little_endian.h"
#include "core/weights/pickle_machine.h"
#include "core/weights/quote_name.h"
#include "core/weights/state_dict.h"
#include "core/weights/strided_view.h"
#include "core/weights/zip_directory.h"

namespace masklet {
namespace {

constexpr std::uint64_t kMaxPickleBytes = 64u << 20;

/// Storages by the key under which the pickle refers to them.
using StorageMap = std::map<std::string, StorageRange, std::less<>>;

class TorchCheckpoint final : public Checkpoint {
 public:
  explicit TorchCheckpoint(std::shared_ptr<ByteSource> source) : source_(std::move(source)) {}

  /// Joins the state dict's entries with their storages. `locate(key)` gives a Result<StorageRange>.
  template <class Locate>
  Status fill(const PickleHeap& heap, PickleValue root, const Locate& locate) {
    MASKLET_ASSIGN(const std::vector<StateDictEntry> entries, find_state_dict(heap, root));
    StorageMap located;  // shared storages are looked up once
    for (const StateDictEntry& entry : entries) {
      const PickleTensor& tensor = heap.tensors[entry.tensor];
      const PickleStorage& storage = heap.storages[tensor.storage];
      if (!tensor.unsupported.empty()) {
        return Error{ErrorCode::unsupported_file, "tensor " + quote_name(entry.name) +
                                                      " has elements of type " +
                                                      std::string(tensor.unsupported) +
                                                      ", which masklet does not read; convert it to float32"};
      }
      const std::string& key = heap.texts[storage.key];
      auto place = located.find(key);
      if (place == located.end()) {
        MASKLET_ASSIGN(const StorageRange range, locate(key));
        place = located.emplace(key, range).first;
      }
      std::uint64_t bytes = 0;
      if (!checked_multiply(storage.elements, dtype_bytes(storage.dtype), bytes) ||
          bytes > place->second.bytes) {
        return Error{ErrorCode::corrupt_file, "the storage of tensor " + quote_name(entry.name) +
                                                  " should have " + std::to_string(storage.elements) +
                                                  " elements but lies in " +
                                                  std::to_string(place->second.bytes) + " bytes"};
      }
      StridedView view{{place->second.begin, bytes}, tensor.offset, tensor.strides};
      MASKLET_TRY(check_view(entry.name, tensor.dtype, tensor.shape, view));
      infos_.push_back({entry.name, tensor.dtype, tensor.shape});
      views_.push_back(std::move(view));
    }
    return check_distinct(infos_);
  }

  const std::vector<TensorInfo>& tensors() const override { return infos_; }

 protected:
  Result<Tensor> read_at(std::size_t index) override {
    const TensorInfo& info = infos_[index];
    return read_view(*source_, info.name, info.dtype, info.shape, views_[index]);
  }

 private:
  std::shared_ptr<ByteSource> source_;
  std::vector<TensorInfo> infos_;
  std::vector<StridedView> views_;
};

Result<std::vector<std::byte>> read_range(ByteSource& source, std::uint64_t begin, std::uint64_t count) {
  if (count > kMaxPickleBytes) {
    return Error{ErrorCode::unsupported_file,
                 "the checkpoint's pickle has " + std::to_string(count) + " bytes; masklet reads up to " +
                     std::to_string(kMaxPickleBytes) + ". Save the state dict without the optimizer"};
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(count));
  MASKLET_TRY(source.read(begin, bytes));
  return bytes;
}

/// The archive's single top folder with its slash, told by the pickle in it.
Result<std::string> find_folder(const ZipDirectory& zip) {
  constexpr std::string_view kPickle = "data.pkl";
  std::string folder;
  int found = 0;
  for (const auto& [name, entry] : zip.entries()) {
    const std::size_t slash = name.find('/');
    const std::size_t top = slash == std::string::npos ? 0 : slash + 1;
    if (std::string_view(name).substr(top) != kPickle) continue;
    folder = name.substr(0, top);
    ++found;
  }
  if (found == 1) return folder;
  return Error{
      ErrorCode::unsupported_file,
      "the zip archive holds " + std::to_string(found) +
          " files 'data.pkl' and a checkpoint holds one; give the .pt file itself, as torch.save wrote it"};
}

Status check_kind(ByteSource& source, const ZipDirectory& zip, const std::string& folder) {
  if (zip.find(folder + "constants.pkl")) {
    return Error{ErrorCode::unsupported_file,
                 "this is a TorchScript program, not a checkpoint; save its weights: "
                 "torch.save({'model': torch.jit.load(file).state_dict()}, new_file)"};
  }
  const ZipEntry* order = zip.find(folder + "byteorder");
  if (!order) return {};  // written since PyTorch 2.1
  constexpr std::string_view kLittle = "little";
  constexpr std::uint64_t kLongest = 16;
  MASKLET_ASSIGN(const std::uint64_t begin, zip.locate(source, folder + "byteorder"));
  MASKLET_ASSIGN(const auto bytes, read_range(source, begin, std::min(order->size_bytes, kLongest)));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text == kLittle) return {};
  return Error{ErrorCode::unsupported_file,
               "the checkpoint's byte order is " + quote_name(text) +
                   "; masklet reads 'little'. Load and save it on a little-endian "
                   "machine"};
}

// The older format.

constexpr std::array<std::uint8_t, 14> kLegacyMagic = {0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c,
                                                       0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

struct LegacyPickles {
  PickleHeap heap;
  PickleValue system, root, keys;
  std::uint64_t end = 0;  ///< where the storages begin
};

Result<LegacyPickles> run_legacy_pickles(std::span<const std::byte> bytes) {
  LegacyPickles pickles;
  PickleHeap& heap = pickles.heap;
  std::size_t at = 0;
  MASKLET_ASSIGN(const PickleValue magic, run_pickle(bytes, at, heap));
  MASKLET_ASSIGN(const PickleValue version, run_pickle(bytes, at, heap));
  static_cast<void>(magic);
  static_cast<void>(version);
  MASKLET_ASSIGN(pickles.system, run_pickle(bytes, at, heap));
  MASKLET_ASSIGN(pickles.root, run_pickle(bytes, at, heap));
  MASKLET_ASSIGN(pickles.keys, run_pickle(bytes, at, heap));
  pickles.end = at;
  return pickles;
}

/// The pickles' length is known only by running them, so the window onto the file grows until they fit.
Result<LegacyPickles> read_legacy_pickles(ByteSource& source) {
  constexpr std::uint64_t kFirstWindow = 1u << 20;
  for (std::uint64_t window = kFirstWindow;; window *= 8) {
    const std::uint64_t count = std::min({window, source.size(), kMaxPickleBytes});
    MASKLET_ASSIGN(const auto bytes, read_range(source, 0, count));
    Result<LegacyPickles> pickles = run_legacy_pickles(bytes);
    const bool may_be_cut = !pickles && pickles.error().code == ErrorCode::corrupt_file;
    if (!may_be_cut || count == source.size() || count == kMaxPickleBytes) return pickles;
  }
}

bool is_big_endian(const LegacyPickles& pickles) {
  if (pickles.system.kind != PickleKind::dict) return false;
  for (const auto& [key, value] : pickles.heap.dicts[pickles.system.index()]) {
    if (key.kind == PickleKind::text && pickles.heap.texts[key.index()] == "little_endian")
      return value.kind == PickleKind::boolean && value.payload == 0;
  }
  return false;
}

/// Each storage: its number of elements in 8 bytes, then the elements; in the order of the list of keys.
Result<StorageMap> legacy_storages(ByteSource& source, const LegacyPickles& pickles) {
  const Error error{
      ErrorCode::corrupt_file,
      "the checkpoint's list of storages is broken or the file is cut short; download or save it again"};
  const PickleHeap& heap = pickles.heap;
  std::map<std::string, std::size_t, std::less<>> element_bytes;
  for (const PickleStorage& storage : heap.storages) {
    // Complex and quantised elements have widths that masklet does not know, and what follows could not be
    // found.
    if (!storage.unsupported.empty()) {
      return Error{ErrorCode::unsupported_file, "the checkpoint holds elements of type " +
                                                    std::string(storage.unsupported) +
                                                    "; save the state dict in float32"};
    }
    element_bytes.emplace(heap.texts[storage.key], dtype_bytes(storage.dtype));
  }
  if (pickles.keys.kind != PickleKind::list) return error;
  StorageMap storages;
  std::uint64_t at = pickles.end;
  for (PickleValue key : heap.sequences[pickles.keys.index()]) {
    if (key.kind != PickleKind::text) return error;
    const std::string& text = heap.texts[key.index()];
    const auto bytes_each = element_bytes.find(text);
    if (bytes_each == element_bytes.end()) return error;
    std::byte count[8];
    MASKLET_TRY(source.read(at, count));
    StorageRange range{at + sizeof(count), 0};
    if (!checked_multiply(load_little_endian<std::uint64_t>(count, 0), bytes_each->second, range.bytes) ||
        range.bytes > source.size() - range.begin || !storages.emplace(text, range).second)
      return error;
    at = range.begin + range.bytes;
  }
  return storages;
}

}  // namespace

Result<std::unique_ptr<Checkpoint>> open_torch_checkpoint(std::shared_ptr<ByteSource> source) {
  MASKLET_ASSIGN(const ZipDirectory zip, ZipDirectory::open(*source));
  MASKLET_ASSIGN(const std::string folder, find_folder(zip));
  MASKLET_TRY(check_kind(*source, zip, folder));

  const std::string pickle_name = folder + "data.pkl";
  MASKLET_ASSIGN(const std::uint64_t begin, zip.locate(*source, pickle_name));
  MASKLET_ASSIGN(const auto bytes, read_range(*source, begin, zip.find(pickle_name)->size_bytes));
  PickleHeap heap;
  std::size_t position = 0;
  MASKLET_ASSIGN(const PickleValue root, run_pickle(bytes, position, heap));

  auto checkpoint = std::make_unique<TorchCheckpoint>(source);
  MASKLET_TRY(checkpoint->fill(heap, root, [&](const std::string& key) -> Result<StorageRange> {
    const std::string name = folder + "data/" + key;
    MASKLET_ASSIGN(const std::uint64_t storage_begin, zip.locate(*source, name));
    return StorageRange{storage_begin, zip.find(name)->size_bytes};
  }));
  return std::unique_ptr<Checkpoint>(std::move(checkpoint));
}

bool is_legacy_torch_checkpoint(std::span<const std::byte> first_bytes) {
  return first_bytes.size() >= kLegacyMagic.size() &&
         std::memcmp(first_bytes.data(), kLegacyMagic.data(), kLegacyMagic.size()) == 0;
}

Result<std::unique_ptr<Checkpoint>> open_legacy_torch_checkpoint(std::shared_ptr<ByteSource> source) {
  MASKLET_ASSIGN(const LegacyPickles pickles, read_legacy_pickles(*source));
  if (is_big_endian(pickles)) {
    return Error{
        ErrorCode::unsupported_file,
        "the checkpoint's byte order is big; masklet reads little. Load and save it on a little-endian "
        "machine"};
  }
  MASKLET_ASSIGN(const StorageMap storages, legacy_storages(*source, pickles));
  auto checkpoint = std::make_unique<TorchCheckpoint>(source);
  MASKLET_TRY(
      checkpoint->fill(pickles.heap, pickles.root, [&](const std::string& key) -> Result<StorageRange> {
        const auto found = storages.find(key);
        if (found == storages.end())
          return Error{ErrorCode::corrupt_file, "the checkpoint lacks the storage " + quote_name(key)};
        return found->second;
      }));
  return std::unique_ptr<Checkpoint>(std::move(checkpoint));
}

}  // namespace masklet
