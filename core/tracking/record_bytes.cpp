#include "core/tracking/record_bytes.h"

#include <cstdint>
#include <cstring>

#include "core/budget/network_prices.h"

namespace masklet {
namespace {

struct Head {
  std::uint64_t order;
  float object_score;
  float iou;
  std::uint32_t has_logits;
  std::uint32_t has_memory;
};

struct Sizes {
  std::size_t logits, pointer, memory;  // elements
  explicit Sizes(const Architecture& a)
      : logits(static_cast<std::size_t>(a.low_res_size()) * a.low_res_size()),
        pointer(a.d_model),
        memory(static_cast<std::size_t>(a.feature_tokens()) * a.mem_dim) {}
};

template <class T>
void put(const std::vector<T>& values, std::size_t size, std::byte*& at) {
  std::memset(at, 0, size * sizeof(T));
  if (!values.empty()) std::memcpy(at, values.data(), values.size() * sizeof(T));
  at += size * sizeof(T);
}

template <class T>
void take(std::vector<T>& values, bool there, std::size_t size, const std::byte*& at) {
  if (there) {
    values.resize(size);
    std::memcpy(values.data(), at, size * sizeof(T));
  }
  at += size * sizeof(T);
}

}  // namespace

std::size_t record_bytes(const Architecture& architecture) {
  return sizeof(Head) + track_record_bytes(architecture);
}

void pack_record(const FrameRecord& record, const Architecture& architecture, std::span<std::byte> bytes) {
  const Sizes sizes(architecture);
  const Head head{record.order, record.object_score, record.iou, !record.logits.empty(), !record.memory.empty()};
  std::byte* at = bytes.data();
  std::memcpy(at, &head, sizeof head);
  at += sizeof head;
  put(record.logits, sizes.logits, at);
  put(record.pointer, sizes.pointer, at);
  put(record.memory, sizes.memory, at);
}

FrameRecord unpack_record(std::span<const std::byte> bytes, const Architecture& architecture) {
  const Sizes sizes(architecture);
  Head head;
  const std::byte* at = bytes.data();
  std::memcpy(&head, at, sizeof head);
  at += sizeof head;
  FrameRecord record;
  record.order = head.order;
  record.object_score = head.object_score;
  record.iou = head.iou;
  take(record.logits, head.has_logits, sizes.logits, at);
  take(record.pointer, true, sizes.pointer, at);
  take(record.memory, head.has_memory, sizes.memory, at);
  return record;
}

}  // namespace masklet
