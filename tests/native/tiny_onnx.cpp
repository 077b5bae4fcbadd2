#include "tests/native/tiny_onnx.h"

#include <cstring>
#include <protozero/pbf_writer.hpp>

namespace masklet::test {
namespace {

// Field numbers of onnx.proto.
enum Model { kIrVersion = 1, kGraph = 7, kOpset = 8 };
enum Opset { kOpsetVersion = 2 };
enum Graph { kNode = 1, kGraphName = 2, kInitializer = 5, kInput = 11, kOutput = 12 };
enum Node { kNodeInput = 1, kNodeOutput = 2, kNodeName = 3, kOpType = 4 };
enum TensorField { kDims = 1, kDataType = 2, kTensorName = 8, kExternalData = 13, kDataLocation = 14 };
enum Entry { kKey = 1, kValue = 2 };
enum ValueInfo { kValueName = 1, kValueType = 2 };
enum Type { kTensorType = 1 };
enum TensorType { kElementType = 1, kShape = 2 };
enum ShapeField { kDim = 1 };
enum Dim { kDimValue = 1, kDimParam = 2 };

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

std::string value_info(const std::string& name, const Shape& shape, DType dtype) {
  std::string dims;
  protozero::pbf_writer shape_writer(dims);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    protozero::pbf_writer dim(shape_writer, kDim);
    if (shape[i] < 0)
      dim.add_string(kDimParam, name + "_" + std::to_string(i));
    else
      dim.add_int64(kDimValue, shape[i]);
  }
  std::string info;
  protozero::pbf_writer writer(info);
  writer.add_string(kValueName, name);
  protozero::pbf_writer type(writer, kValueType);
  protozero::pbf_writer tensor(type, kTensorType);
  tensor.add_int32(kElementType, onnx_type(dtype));
  tensor.add_message(kShape, dims);
  return info;
}

void add_entry(protozero::pbf_writer& tensor, const std::string& key, const std::string& value) {
  protozero::pbf_writer entry(tensor, kExternalData);
  entry.add_string(kKey, key);
  entry.add_string(kValue, value);
}

}  // namespace

TinyOnnx& TinyOnnx::input(const std::string& name, const Shape& shape, DType dtype) {
  protozero::pbf_writer(graph_).add_message(kInput, value_info(name, shape, dtype));
  return *this;
}

TinyOnnx& TinyOnnx::output(const std::string& name, const Shape& shape, DType dtype) {
  protozero::pbf_writer(graph_).add_message(kOutput, value_info(name, shape, dtype));
  return *this;
}

TinyOnnx& TinyOnnx::weight(const std::string& name, const Shape& shape, std::span<const float> values) {
  const std::size_t offset = weights_.size();
  weights_.resize(offset + values.size_bytes());
  std::memcpy(weights_.data() + offset, values.data(), values.size_bytes());

  protozero::pbf_writer writer(graph_);
  protozero::pbf_writer tensor(writer, kInitializer);
  tensor.add_packed_int64(kDims, shape.begin(), shape.end());
  tensor.add_int32(kDataType, onnx_type(DType::f32));
  tensor.add_string(kTensorName, name);
  add_entry(tensor, "location", std::string(kExternalWeights));
  add_entry(tensor, "offset", std::to_string(offset));
  add_entry(tensor, "length", std::to_string(values.size_bytes()));
  tensor.add_enum(kDataLocation, 1);
  return *this;
}

TinyOnnx& TinyOnnx::node(const std::string& op, std::initializer_list<std::string> inputs,
                         const std::string& output) {
  protozero::pbf_writer writer(graph_);
  protozero::pbf_writer node(writer, kNode);
  for (const std::string& input : inputs) node.add_string(kNodeInput, input);
  node.add_string(kNodeOutput, output);
  node.add_string(kNodeName, op + "_" + output);
  node.add_string(kOpType, op);
  return *this;
}

Network TinyOnnx::network(NetworkId id) const {
  std::string model;
  protozero::pbf_writer writer(model);
  writer.add_int64(kIrVersion, 8);
  {
    protozero::pbf_writer opset(writer, kOpset);
    opset.add_int64(kOpsetVersion, 17);
  }
  {
    protozero::pbf_writer graph(writer, kGraph);
    graph.add_string(kGraphName, "tiny");
  }
  // A message given twice is merged, so the name above and the rest here make one graph.
  writer.add_message(kGraph, graph_);
  Network network;
  network.id = id;
  network.onnx.resize(model.size());
  std::memcpy(network.onnx.data(), model.data(), model.size());
  network.weights = weights_;
  return network;
}

}  // namespace masklet::test
