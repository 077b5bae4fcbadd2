#pragma once

#include <cstddef>
#include <map>
#include <mutex>

#include "native/runtime/ort_api.h"

namespace masklet::native {

/// The memory of one runtime's networks: weights, the tensors of a run, outputs that are kept. It counts
/// every byte that it holds and refuses what would exceed its limit.
///
/// Used in place of ONNX Runtime's own arena, because that one belongs to the whole process, lets weights
/// past its limit, and cannot return a region while a small output lies in it. The system's malloc would do
/// if it did not fragment: on the sizes that networks ask for it holds several times what is in use.
///
/// Large blocks come from the system page-wise, in a few sizes an octave, and some freed ones wait for the
/// next request of their size until trim() or until the limit needs them. Small ones come from malloc.
///
/// Must outlive every session and value that was made with it. Safe to call from several threads.
class CappedAllocator {
 public:
  /// `limit_bytes` 0: no limit. `memory` describes the memory to the runtime and must outlive the allocator.
  CappedAllocator(const ort::OrtMemoryInfo* memory, std::size_t limit_bytes);
  ~CappedAllocator();
  CappedAllocator(const CappedAllocator&) = delete;
  CappedAllocator& operator=(const CappedAllocator&) = delete;

  ort::OrtAllocator* get() { return &interface_.table; }

  /// Counts bytes that the networks hold elsewhere towards the limit. False, and nothing counted, where they
  /// do not fit.
  bool charge(std::size_t bytes);
  void discharge(std::size_t bytes);

  /// Gives freed blocks back to the system.
  void trim();

  /// Live blocks and charged bytes.
  std::size_t in_use_bytes() const;
  /// The most that was ever held, freed blocks that were not yet given back included.
  std::size_t peak_bytes() const;

  /// Begins a stretch for stretch_peak_bytes().
  void begin_stretch();
  /// The most that was held since the last begin_stretch().
  std::size_t stretch_peak_bytes() const;

  /// Bytes of the last request that was refused since the last call of this function, 0 if none was.
  std::size_t take_refused_bytes();

 private:
  // What the runtime sees, and the way back from it to the allocator.
  struct Interface {
    ort::OrtAllocator table;
    CappedAllocator* self;
  };
  // In front of every block.
  struct Header;

  static CappedAllocator& from(const ort::OrtAllocator* table);
  void* allocate(std::size_t requested);
  void release(void* block) noexcept;
  void trim_locked() noexcept;
  bool make_room(std::size_t bytes) noexcept;
  void note_peak() noexcept;

  Interface interface_;
  const ort::OrtMemoryInfo* memory_;
  const std::size_t limit_bytes_;
  mutable std::mutex mutex_;
  std::map<std::size_t, Header*> freed_;  // large blocks to be used again: a list for every size ever taken
  std::size_t freed_bytes_ = 0;
  std::size_t in_use_bytes_ = 0;  // charged ones included
  std::size_t peak_bytes_ = 0;
  std::size_t stretch_peak_bytes_ = 0;
  std::size_t refused_bytes_ = 0;
};

}  // namespace masklet::native
