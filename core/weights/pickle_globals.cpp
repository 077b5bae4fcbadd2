#include "core/weights/pickle_globals.h"

#include <array>

#include "core/weights/quote_name.h"

namespace masklet {
namespace {

constexpr std::size_t kMaxRank = 16;
constexpr std::size_t kMaxPairsCopied = 1'000'000;  // one list may be copied any number of times

enum class Role {
  ordered_dict,
  size,
  device,
  encode,
  rebuild_tensor,
  rebuild_tensor_v2,
  rebuild_tensor_v3,
  rebuild_parameter,
  rebuild_parameter_with_state,
  rebuild_from_type,
  storage_type,
  untyped_storage,
  dtype,
  type,
};

struct Global {
  std::string_view module, name;
  Role role;
  DType dtype = DType::u8;  // of storage types and dtypes
  bool known_dtype = true;  // false: torch has it, masklet does not
};

constexpr Global storage(std::string_view name, DType dtype) {
  return {"torch", name, Role::storage_type, dtype};
}
constexpr Global element(std::string_view name, DType dtype) {
  return {"torch", name, Role::dtype, dtype};
}
constexpr Global foreign(std::string_view name, Role role) {
  return {"torch", name, role, DType::u8, false};
}

constexpr std::array kGlobals = {
    Global{"collections", "OrderedDict", Role::ordered_dict},
    Global{"torch", "Size", Role::size},
    Global{"torch", "device", Role::device},
    Global{"_codecs", "encode", Role::encode},  // how protocol 2 writes bytes
    Global{"torch._utils", "_rebuild_tensor", Role::rebuild_tensor},
    Global{"torch._utils", "_rebuild_tensor_v2", Role::rebuild_tensor_v2},
    Global{"torch._utils", "_rebuild_tensor_v3", Role::rebuild_tensor_v3},
    Global{"torch._utils", "_rebuild_parameter", Role::rebuild_parameter},
    Global{"torch._utils", "_rebuild_parameter_with_state", Role::rebuild_parameter_with_state},
    Global{"torch._tensor", "_rebuild_from_type_v2", Role::rebuild_from_type},
    Global{"torch", "Tensor", Role::type},
    Global{"torch.nn.parameter", "Parameter", Role::type},
    Global{"torch.nn.parameter", "Buffer", Role::type},
    Global{"torch", "UntypedStorage", Role::untyped_storage},
    Global{"torch.storage", "UntypedStorage", Role::untyped_storage},
    Global{"torch.storage", "_UntypedStorage", Role::untyped_storage},
    storage("FloatStorage", DType::f32),
    storage("DoubleStorage", DType::f64),
    storage("HalfStorage", DType::f16),
    storage("BFloat16Storage", DType::bf16),
    storage("LongStorage", DType::i64),
    storage("IntStorage", DType::i32),
    storage("ShortStorage", DType::i16),
    storage("CharStorage", DType::i8),
    storage("ByteStorage", DType::u8),
    storage("BoolStorage", DType::boolean),
    foreign("ComplexFloatStorage", Role::storage_type),
    foreign("ComplexDoubleStorage", Role::storage_type),
    foreign("QInt8Storage", Role::storage_type),
    foreign("QUInt8Storage", Role::storage_type),
    foreign("QInt32Storage", Role::storage_type),
    element("float32", DType::f32),
    element("float64", DType::f64),
    element("float16", DType::f16),
    element("bfloat16", DType::bf16),
    element("int64", DType::i64),
    element("int32", DType::i32),
    element("int16", DType::i16),
    element("int8", DType::i8),
    element("uint8", DType::u8),
    element("bool", DType::boolean),
    foreign("complex64", Role::dtype),
    foreign("complex128", Role::dtype),
    foreign("uint16", Role::dtype),
    foreign("uint32", Role::dtype),
    foreign("uint64", Role::dtype),
    foreign("float8_e4m3fn", Role::dtype),
    foreign("float8_e5m2", Role::dtype),
};

Error malformed(std::string_view what) {
  return {ErrorCode::corrupt_file,
          "the checkpoint's pickle calls " + std::string(what) +
              " with other arguments than torch.save writes; save the state dict again"};
}

/// The table's row, or nullptr where the value is no global of the role.
const Global* as_global(PickleValue value) {
  return value.kind == PickleKind::global ? &kGlobals[value.index()] : nullptr;
}

/// A tuple of at most kMaxRank non-negative integers.
Result<Shape> integers(const PickleHeap& heap, PickleValue value, std::string_view what) {
  if (value.kind != PickleKind::tuple && value.kind != PickleKind::list) return malformed(what);
  const PickleItems& items = heap.sequences[value.index()];
  if (items.size() > kMaxRank) {
    return Error{ErrorCode::unsupported_file, "a tensor has " + std::to_string(items.size()) +
                                                  " dimensions; masklet reads up to " +
                                                  std::to_string(kMaxRank)};
  }
  Shape numbers;
  for (PickleValue item : items) {
    if (item.kind != PickleKind::integer || item.payload < 0) return malformed(what);
    numbers.push_back(item.payload);
  }
  return numbers;
}

/// _rebuild_tensor(storage, offset, size, stride), whose later versions append what masklet ignores; v3
/// appends (requires_grad, hooks, dtype) and views an untyped storage.
Result<PickleValue> rebuild_tensor(PickleHeap& heap, const Global& callable, const PickleItems& arguments) {
  const bool v3 = callable.role == Role::rebuild_tensor_v3;
  if (arguments.size() < (v3 ? 7u : 4u) || arguments.size() > 8) return malformed(callable.name);
  if (arguments[0].kind != PickleKind::storage || arguments[1].kind != PickleKind::integer ||
      arguments[1].payload < 0)
    return malformed(callable.name);
  const PickleStorage& storage = heap.storages[arguments[0].index()];
  PickleTensor tensor;
  tensor.storage = arguments[0].index();
  tensor.dtype = storage.dtype;
  tensor.unsupported = storage.unsupported;
  if (v3) {
    const Global* dtype = as_global(arguments[6]);
    if (!dtype || dtype->role != Role::dtype) return malformed(callable.name);
    tensor.dtype = dtype->dtype;
    tensor.unsupported = dtype->known_dtype ? std::string_view() : dtype->name;
  }
  tensor.offset = static_cast<std::uint64_t>(arguments[1].payload);
  MASKLET_ASSIGN(tensor.shape, integers(heap, arguments[2], callable.name));
  MASKLET_ASSIGN(tensor.strides, integers(heap, arguments[3], callable.name));
  if (tensor.shape.size() != tensor.strides.size()) return malformed(callable.name);
  return heap.add(std::move(tensor));
}

/// OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 wrote it.
Result<PickleValue> ordered_dict(PickleHeap& heap, const PickleItems& arguments) {
  PickleDict dict;
  if (arguments.size() > 1) return malformed("OrderedDict");
  if (arguments.size() == 1) {
    if (arguments[0].kind != PickleKind::list) return malformed("OrderedDict");
    const PickleItems& pairs = heap.sequences[arguments[0].index()];
    heap.pairs_copied += pairs.size();
    if (heap.pairs_copied > kMaxPairsCopied) return malformed("OrderedDict");
    for (PickleValue pair : pairs) {
      if (pair.kind != PickleKind::list && pair.kind != PickleKind::tuple) return malformed("OrderedDict");
      const PickleItems& items = heap.sequences[pair.index()];
      if (items.size() != 2) return malformed("OrderedDict");
      dict.emplace_back(items[0], items[1]);
    }
  }
  return heap.add(std::move(dict));
}

}  // namespace

Result<PickleValue> find_pickle_global(std::string_view module, std::string_view name) {
  for (std::size_t i = 0; i < kGlobals.size(); ++i) {
    if (kGlobals[i].module == module && kGlobals[i].name == name)
      return PickleValue{PickleKind::global, static_cast<std::int64_t>(i)};
  }
  return Error{ErrorCode::unsafe_pickle,
               "the checkpoint's pickle refers to " +
                   quote_name(std::string(module) + "." + std::string(name)) +
                   ", which no state dict needs; nothing was run. Save the state dict alone: "
                   "torch.save({'model': model.state_dict()}, file)"};
}

Result<PickleValue> call_pickle_global(PickleHeap& heap, PickleValue callable_value,
                                       PickleValue argument_tuple) {
  const Global* callable = as_global(callable_value);
  if (!callable)
    return Error{
        ErrorCode::unsafe_pickle,
        "the checkpoint's pickle calls something that is no constructor of a state dict; nothing was run"};
  if (argument_tuple.kind != PickleKind::tuple) return malformed(callable->name);
  // Copied: constructors below add to the heap. Bounded, so that calls of one huge tuple cannot add up.
  const PickleItems& given = heap.sequences[argument_tuple.index()];
  if (given.size() > kMaxRank) return malformed(callable->name);
  const PickleItems arguments = given;

  switch (callable->role) {
    case Role::ordered_dict:
      return ordered_dict(heap, arguments);
    case Role::size:
      if (arguments.size() != 1 || arguments[0].kind != PickleKind::tuple) return malformed(callable->name);
      return arguments[0];
    case Role::device:
    case Role::encode:
      return PickleValue{PickleKind::other};
    case Role::rebuild_tensor:
    case Role::rebuild_tensor_v2:
    case Role::rebuild_tensor_v3:
      return rebuild_tensor(heap, *callable, arguments);
    case Role::rebuild_parameter:
    case Role::rebuild_parameter_with_state:
      if (arguments.empty() || arguments[0].kind != PickleKind::tensor) return malformed(callable->name);
      return arguments[0];
    case Role::rebuild_from_type: {
      // (rebuild, type, arguments, state) of a tensor with attributes; the tensor is all that matters.
      const Global* rebuild = arguments.size() == 4 ? as_global(arguments[0]) : nullptr;
      if (!rebuild || rebuild->role == Role::rebuild_from_type) return malformed(callable->name);
      return call_pickle_global(heap, arguments[0], arguments[2]);
    }
    case Role::storage_type:
    case Role::untyped_storage:
    case Role::dtype:
    case Role::type:
      break;
  }
  return Error{ErrorCode::unsafe_pickle, "the checkpoint's pickle calls '" + std::string(callable->module) +
                                             "." + std::string(callable->name) +
                                             "', which no state dict does"};
}

Result<PickleValue> load_persistent(PickleHeap& heap, PickleValue id) {
  const Error error = malformed("a persistent id");
  if (id.kind != PickleKind::tuple) return error;
  const PickleItems& items = heap.sequences[id.index()];
  // Files from before the zip format append a view, which torch.save has long left None.
  if (items.size() != 5 && !(items.size() == 6 && items[5].kind == PickleKind::none)) return error;
  if (items[0].kind != PickleKind::text || heap.texts[items[0].index()] != "storage") return error;
  const Global* type = as_global(items[1]);
  if (!type || (type->role != Role::storage_type && type->role != Role::untyped_storage)) return error;
  if (items[2].kind != PickleKind::text || items[4].kind != PickleKind::integer || items[4].payload < 0)
    return error;
  PickleStorage storage;
  storage.key = items[2].index();
  storage.dtype = type->dtype;
  storage.unsupported = type->known_dtype ? std::string_view() : type->name;
  storage.elements = static_cast<std::uint64_t>(items[4].payload);
  return heap.add(std::move(storage));
}

}  // namespace masklet
