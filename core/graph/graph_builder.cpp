#include "core/graph/graph_builder.h"

#include <cassert>
#include <cstring>
#include <protozero/pbf_writer.hpp>

namespace masklet {
namespace {

// Field numbers of onnx.proto, by message.
namespace model_proto {
enum : protozero::pbf_tag_type { ir_version = 1, producer_name = 2, graph = 7, opset_import = 8 };
}
namespace opset_proto {
enum : protozero::pbf_tag_type { version = 2 };
}
namespace graph_proto {
enum : protozero::pbf_tag_type { node = 1, name = 2, initializer = 5, input = 11, output = 12 };
}
namespace node_proto {
enum : protozero::pbf_tag_type { input = 1, output = 2, name = 3, op_type = 4, attribute = 5 };
}
namespace attribute_proto {
enum : protozero::pbf_tag_type { name = 1, f = 2, i = 3, s = 4, ints = 8, type = 20 };
enum { type_float = 1, type_int = 2, type_string = 3, type_ints = 7 };
}  // namespace attribute_proto
namespace tensor_proto {
enum : protozero::pbf_tag_type {
  dims = 1, data_type = 2, name = 8, raw_data = 9, external_data = 13, data_location = 14
};
enum { location_external = 1 };
}  // namespace tensor_proto
namespace string_entry_proto {
enum : protozero::pbf_tag_type { key = 1, value = 2 };
}
namespace value_info_proto {
enum : protozero::pbf_tag_type { name = 1, type = 2 };
}
namespace type_proto {
enum : protozero::pbf_tag_type { tensor_type = 1, elem_type = 1, shape = 2, dim = 1, dim_value = 1, dim_param = 2 };
}

constexpr std::int64_t kIrVersion = 8;
constexpr std::int64_t kOpset = 17;
// Smaller initializers stay inside the model: shapes and scalars must be there for shape inference.
constexpr std::size_t kExternalFromBytes = 1024;
// ONNX Runtime maps external data as it lies: keep every tensor on a cache line.
constexpr std::size_t kWeightAlignment = 64;

int onnx_type(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return 1;
    case DType::u8:
      return 2;
    case DType::i8:
      return 3;
    case DType::i16:
      return 5;
    case DType::i32:
      return 6;
    case DType::i64:
      return 7;
    case DType::boolean:
      return 9;
    case DType::f16:
      return 10;
    case DType::f64:
      return 11;
    case DType::bf16:
      return 16;
  }
  return 0;
}

std::string value_info(std::string_view name, DType dtype, const std::vector<Dim>& shape) {
  std::string info_bytes;
  protozero::pbf_writer info(info_bytes);
  info.add_string(value_info_proto::name, name.data(), name.size());
  protozero::pbf_writer type(info, value_info_proto::type);
  protozero::pbf_writer tensor(type, type_proto::tensor_type);
  tensor.add_int32(type_proto::elem_type, onnx_type(dtype));
  protozero::pbf_writer shape_writer(tensor, type_proto::shape);
  for (const Dim& dim : shape) {
    protozero::pbf_writer dim_writer(shape_writer, type_proto::dim);
    if (const auto* size = std::get_if<std::int64_t>(&dim)) {
      dim_writer.add_int64(type_proto::dim_value, *size);
    } else {
      dim_writer.add_string(type_proto::dim_param, std::get<std::string>(dim));
    }
  }
  return info_bytes;
}

void add_external_entry(protozero::pbf_writer& tensor, std::string_view key, std::string_view value) {
  protozero::pbf_writer entry(tensor, tensor_proto::external_data);
  entry.add_string(string_entry_proto::key, key.data(), key.size());
  entry.add_string(string_entry_proto::value, value.data(), value.size());
}

}  // namespace

GraphBuilder::GraphBuilder(NetworkId id, Checkpoint& checkpoint, WeightStorage weights)
    : id_(id), checkpoint_(checkpoint), storage_(weights) {
  protozero::pbf_writer(graph_).add_string(graph_proto::name, std::string(network_name(id)));
}

Value GraphBuilder::fresh(std::string_view stem) {
  return {std::string(stem) + "_" + std::to_string(next_name_++)};
}

Value GraphBuilder::input(std::string_view name, DType dtype, const std::vector<Dim>& shape) {
  protozero::pbf_writer(graph_).add_message(graph_proto::input, value_info(name, dtype, shape));
  return {std::string(name)};
}

void GraphBuilder::output(const Value& value, std::string_view name, const std::vector<Dim>& shape) {
  const Value output{std::string(name)};
  append_node("Identity", {&value, 1}, {&output, 1}, {});
  protozero::pbf_writer(graph_).add_message(graph_proto::output, value_info(name, DType::f32, shape));
}

Tensor GraphBuilder::weight(std::string_view name, const Shape& shape) {
  Tensor zeros(DType::f32, shape);
  if (!status_.ok()) return zeros;
  const TensorInfo* info = checkpoint_.find(name);
  if (!info || info->shape != shape) {
    status_ = Error{ErrorCode::weights_mismatch,
                    "tensor '" + std::string(name) + "' is " +
                        (info ? "of shape " + to_string(info->shape) : std::string("missing")) + "; the " +
                        std::string(network_name(id_)) + " needs shape " + to_string(shape) +
                        ". Give the model.json that belongs to these weights"};
    return zeros;
  }
  Result<Tensor> tensor = checkpoint_.read_f32(name);
  if (!tensor) {
    status_ = tensor.error();
    return zeros;
  }
  return std::move(*tensor);
}

bool GraphBuilder::has_weight(std::string_view name) const { return checkpoint_.find(name) != nullptr; }

Value GraphBuilder::constant(const Tensor& tensor) {
  const Value value = fresh("const");
  append_initializer(value, tensor);
  return value;
}

Value GraphBuilder::stored(const Tensor& tensor) {
  if (storage_ == WeightStorage::f32 || tensor.bytes.size() < kExternalFromBytes) return constant(tensor);
  const Value value = fresh("stored");
  const Result<Tensor> half = to_f16(value.name, tensor);
  if (!half) {
    if (status_.ok()) status_ = half.error();
    return constant(tensor);
  }
  // An initializer that is a graph input as well may be given another value at run time, so no runtime folds the Cast
  // into an f32 constant, which would be the memory that f16 saves.
  input(value.name, DType::f16, {half->shape.begin(), half->shape.end()});
  append_initializer(value, *half);
  return node("Cast", {value}, {{"to", std::int64_t{onnx_type(DType::f32)}}});
}

void GraphBuilder::append_initializer(const Value& value, const Tensor& tensor) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  for (std::int64_t size : tensor.shape) writer.add_int64(tensor_proto::dims, size);
  writer.add_int32(tensor_proto::data_type, onnx_type(tensor.dtype));
  writer.add_string(tensor_proto::name, value.name);
  if (tensor.bytes.size() >= kExternalFromBytes) {
    weights_.resize((weights_.size() + kWeightAlignment - 1) / kWeightAlignment * kWeightAlignment);
    add_external_entry(writer, "location", kExternalWeights);
    add_external_entry(writer, "offset", std::to_string(weights_.size()));
    add_external_entry(writer, "length", std::to_string(tensor.bytes.size()));
    writer.add_int32(tensor_proto::data_location, tensor_proto::location_external);
    weights_.insert(weights_.end(), tensor.bytes.begin(), tensor.bytes.end());
  } else {
    writer.add_bytes(tensor_proto::raw_data, reinterpret_cast<const char*>(tensor.bytes.data()),
                     tensor.bytes.size());
  }
  protozero::pbf_writer(graph_).add_message(graph_proto::initializer, bytes);
}

Value GraphBuilder::constant(std::span<const std::int64_t> values) {
  Tensor tensor(DType::i64, {static_cast<std::int64_t>(values.size())});
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), values.size_bytes());
  return constant(tensor);
}

Value GraphBuilder::scalar(float value) { return constant(Tensor::from({}, {&value, 1})); }

void GraphBuilder::append_node(std::string_view op, std::span<const Value> inputs, std::span<const Value> outputs,
                               std::span<const Attribute> attributes) {
  protozero::pbf_writer graph(graph_);
  protozero::pbf_writer node(graph, graph_proto::node);
  for (const Value& value : inputs) node.add_string(node_proto::input, value.name);
  for (const Value& value : outputs) node.add_string(node_proto::output, value.name);
  node.add_string(node_proto::name, outputs.front().name);
  node.add_string(node_proto::op_type, op.data(), op.size());
  for (const Attribute& attribute : attributes) {
    protozero::pbf_writer writer(node, node_proto::attribute);
    writer.add_string(attribute_proto::name, attribute.name.data(), attribute.name.size());
    if (const auto* f = std::get_if<float>(&attribute.value)) {
      writer.add_float(attribute_proto::f, *f);
      writer.add_int32(attribute_proto::type, attribute_proto::type_float);
    } else if (const auto* i = std::get_if<std::int64_t>(&attribute.value)) {
      writer.add_int64(attribute_proto::i, *i);
      writer.add_int32(attribute_proto::type, attribute_proto::type_int);
    } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      writer.add_bytes(attribute_proto::s, *text);
      writer.add_int32(attribute_proto::type, attribute_proto::type_string);
    } else {
      for (std::int64_t v : std::get<std::vector<std::int64_t>>(attribute.value))
        writer.add_int64(attribute_proto::ints, v);
      writer.add_int32(attribute_proto::type, attribute_proto::type_ints);
    }
  }
}

Value GraphBuilder::node(std::string_view op, std::span<const Value> inputs, std::span<const Attribute> attributes) {
  const Value output = fresh(op);
  append_node(op, inputs, {&output, 1}, attributes);
  return output;
}

Value GraphBuilder::node(std::string_view op, std::initializer_list<Value> inputs,
                         std::initializer_list<Attribute> attributes) {
  return node(op, std::span<const Value>(inputs.begin(), inputs.size()),
              std::span<const Attribute>(attributes.begin(), attributes.size()));
}

std::vector<Value> GraphBuilder::nodes(std::string_view op, std::size_t count, std::initializer_list<Value> inputs,
                                       std::initializer_list<Attribute> attributes) {
  std::vector<Value> outputs;
  for (std::size_t i = 0; i < count; ++i) outputs.push_back(fresh(op));
  append_node(op, {inputs.begin(), inputs.size()}, outputs, {attributes.begin(), attributes.size()});
  return outputs;
}

Value GraphBuilder::reshape(const Value& x, std::initializer_list<std::int64_t> shape) {
  return node("Reshape", {x, constant(shape)});
}

Value GraphBuilder::transpose(const Value& x, std::initializer_list<std::int64_t> permutation) {
  return node("Transpose", {x}, {{"perm", std::vector<std::int64_t>(permutation)}});
}

Value GraphBuilder::concat(std::span<const Value> parts, std::int64_t axis) {
  if (parts.size() == 1) return parts.front();
  const Attribute attribute{"axis", axis};
  return node("Concat", parts, {&attribute, 1});
}

Result<Network> GraphBuilder::finish() {
  if (!status_.ok()) return status_.error();
  Network network{id_, {}, std::move(weights_)};
  std::string bytes;
  {
    protozero::pbf_writer model(bytes);
    model.add_int64(model_proto::ir_version, kIrVersion);
    model.add_string(model_proto::producer_name, "masklet");
    model.add_message(model_proto::graph, graph_);
    graph_.clear();
    protozero::pbf_writer opset(model, model_proto::opset_import);
    opset.add_int64(opset_proto::version, kOpset);
  }
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
  network.onnx.assign(data, data + bytes.size());
  return network;
}

}  // namespace masklet
