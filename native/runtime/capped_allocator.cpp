#include "native/runtime/capped_allocator.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

namespace masklet::native {

// As long as a cache line, so that the block behind it is aligned for every vector instruction.
struct alignas(64) CappedAllocator::Header {
  std::size_t bytes;  // of the whole block, this header included
  Header* next;       // while the block waits to be used again
};

namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kLarge = 256 << 10;  // from here on blocks are the system's pages
constexpr std::size_t kPage = 4 << 10;
constexpr std::size_t kHugePage = 2 << 20;
constexpr std::size_t kMostFreed =
    64 << 20;  // more in waiting would show in the process's peak, and save no time

// What is taken for a request: large ones in eight sizes an octave, so that freed blocks fit later requests.
// The header comes on top, because networks ask for powers of two.
std::size_t block_bytes(std::size_t requested, std::size_t header) {
  const bool large = requested >= kLarge;
  const std::size_t step = large ? std::bit_floor(requested) / 8 : kAlignment;
  return (requested + step - 1) / step * step + (large ? kPage : header);
}

void* take(std::size_t bytes) {
  if (bytes < kLarge) return std::aligned_alloc(kAlignment, bytes);
  void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) return nullptr;
#ifdef MADV_HUGEPAGE
  // First touches of a page are what a fresh block costs, and these are 512 times fewer. A wish, not a need.
  if (bytes >= kHugePage) madvise(block, bytes, MADV_HUGEPAGE);
#endif
  return block;
}

void give_back(void* block, std::size_t bytes) {
  if (bytes < kLarge)
    std::free(block);
  else
    munmap(block, bytes);
}

}  // namespace

CappedAllocator::CappedAllocator(const ort::OrtMemoryInfo* memory, std::size_t limit_bytes)
    : memory_(memory), limit_bytes_(limit_bytes) {
  const auto allocate = [](ort::OrtAllocator* table, std::size_t bytes) {
    return from(table).allocate(bytes);
  };
  interface_.table = {};
  interface_.table.version = ort::kApiVersion;
  interface_.table.allocate = allocate;
  interface_.table.reserve = allocate;
  interface_.table.release = [](ort::OrtAllocator* table, void* block) { from(table).release(block); };
  interface_.table.info = [](const ort::OrtAllocator* table) { return from(table).memory_; };
  interface_.self = this;
}

CappedAllocator::~CappedAllocator() {
  trim();
}

CappedAllocator& CappedAllocator::from(const ort::OrtAllocator* table) {
  return *reinterpret_cast<const Interface*>(table)->self;
}

std::size_t CappedAllocator::in_use_bytes() const {
  const std::lock_guard lock(mutex_);
  return in_use_bytes_;
}

std::size_t CappedAllocator::peak_bytes() const {
  const std::lock_guard lock(mutex_);
  return peak_bytes_;
}

void CappedAllocator::begin_stretch() {
  const std::lock_guard lock(mutex_);
  stretch_peak_bytes_ = in_use_bytes_ + freed_bytes_;
}

std::size_t CappedAllocator::stretch_peak_bytes() const {
  const std::lock_guard lock(mutex_);
  return stretch_peak_bytes_;
}

void CappedAllocator::note_peak() noexcept {
  stretch_peak_bytes_ = std::max(stretch_peak_bytes_, in_use_bytes_ + freed_bytes_);
  peak_bytes_ = std::max(peak_bytes_, stretch_peak_bytes_);
}

std::size_t CappedAllocator::take_refused_bytes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(refused_bytes_, 0);
}

void CappedAllocator::trim() {
  const std::lock_guard lock(mutex_);
  trim_locked();
}

void CappedAllocator::trim_locked() noexcept {
  for (auto& [bytes, first] : freed_)
    while (Header* header = first) {
      first = header->next;
      give_back(header, bytes);
    }
  freed_bytes_ = 0;
}

// Gives freed blocks back where the limit needs them; false where even that does not help.
bool CappedAllocator::make_room(std::size_t bytes) noexcept {
  if (limit_bytes_ == 0) return true;
  if (bytes > limit_bytes_ || in_use_bytes_ > limit_bytes_ - bytes) return false;
  if (in_use_bytes_ + freed_bytes_ > limit_bytes_ - bytes) trim_locked();
  return true;
}

bool CappedAllocator::charge(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (!make_room(bytes)) return false;
  in_use_bytes_ += bytes;
  note_peak();
  return true;
}

void CappedAllocator::discharge(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  in_use_bytes_ -= bytes;
}

// Throws instead of returning null: the runtime's kernels do not check what they get, its own arena throws as
// well, and Run and CreateSession turn the exception into a status.
void* CappedAllocator::allocate(std::size_t requested) {
  if (requested == 0) return nullptr;
  const std::lock_guard lock(mutex_);
  void* memory = nullptr;
  std::size_t bytes = 0;
  if (requested <= SIZE_MAX / 4) {
    bytes = block_bytes(requested, sizeof(Header));
    Header*& freed = freed_[bytes];  // made here, so that release() has nothing to allocate
    if (freed) {
      memory = freed;
      freed = freed->next;
      freed_bytes_ -= bytes;
    } else if (make_room(bytes)) {
      memory = take(bytes);
    }
  }
  if (!memory) {
    refused_bytes_ = requested;
    throw std::bad_alloc();
  }
  in_use_bytes_ += bytes;
  note_peak();
  return new (memory) Header{bytes, nullptr} + 1;
}

void CappedAllocator::release(void* block) noexcept {
  if (!block) return;
  Header* header = static_cast<Header*>(block) - 1;
  const std::size_t bytes = header->bytes;
  const std::lock_guard lock(mutex_);
  in_use_bytes_ -= bytes;
  if (bytes < kLarge || freed_bytes_ + bytes > kMostFreed) {
    give_back(header, bytes);
    return;
  }
  Header*& freed = freed_.find(bytes)->second;
  header->next = std::exchange(freed, header);
  freed_bytes_ += bytes;
}

}  // namespace masklet::native
