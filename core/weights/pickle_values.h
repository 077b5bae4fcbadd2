#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/tensor.h"

namespace masklet {

/// What a state dict's pickle can hold. `other` stands for values that masklet accepts and has no use for.
enum class PickleKind : std::uint8_t {
  none,
  boolean,
  integer,
  real,
  text,
  tuple,
  list,
  dict,
  global,
  storage,
  tensor,
  other,
};

/// A small handle. Everything large lies in the heap, so that copies cost the same however often a hostile
/// pickle asks for them, cycles leak nothing and destruction does not recurse.
struct PickleValue {
  PickleKind kind = PickleKind::none;
  std::int64_t payload =
      0;  ///< the integer or boolean itself; else an index into the heap's list for the kind

  std::size_t index() const { return static_cast<std::size_t>(payload); }
};

/// A storage as its persistent id describes it; `dtype` is u8 for untyped ones.
struct PickleStorage {
  std::size_t key = 0;  ///< index of the key among the heap's texts
  DType dtype = DType::u8;
  std::string_view unsupported;  ///< the element type's name where masklet has none for it, else empty
  std::uint64_t elements = 0;
};

/// A view of a storage. Offset and strides count elements.
struct PickleTensor {
  std::size_t storage = 0;
  DType dtype = DType::f32;
  std::string_view unsupported;  ///< as in PickleStorage
  std::uint64_t offset = 0;
  Shape shape;
  Shape strides;
};

using PickleItems = std::vector<PickleValue>;
using PickleDict =
    std::vector<std::pair<PickleValue, PickleValue>>;  ///< in order of insertion, keys may repeat

/// Owns all that a pickle made.
struct PickleHeap {
  std::vector<std::string> texts;
  std::vector<PickleItems> sequences;  ///< tuples and lists
  std::vector<PickleDict> dicts;
  std::vector<PickleStorage> storages;
  std::vector<PickleTensor> tensors;
  std::size_t pairs_copied =
      0;  ///< from lists into dicts, the one copy whose cost the pickle's size does not bound

  PickleValue add(std::string text) { return push(PickleKind::text, texts, std::move(text)); }
  PickleValue add_tuple(PickleItems items) { return push(PickleKind::tuple, sequences, std::move(items)); }
  PickleValue add_list(PickleItems items) { return push(PickleKind::list, sequences, std::move(items)); }
  PickleValue add(PickleDict dict) { return push(PickleKind::dict, dicts, std::move(dict)); }
  PickleValue add(PickleStorage storage) { return push(PickleKind::storage, storages, std::move(storage)); }
  PickleValue add(PickleTensor tensor) { return push(PickleKind::tensor, tensors, std::move(tensor)); }

 private:
  template <class T>
  static PickleValue push(PickleKind kind, std::vector<T>& list, T item) {
    list.push_back(std::move(item));
    return {kind, static_cast<std::int64_t>(list.size() - 1)};
  }
};

}  // namespace masklet
