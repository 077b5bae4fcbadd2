#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/result.h"
#include "core/base/tensor.h"
#include "core/graph/network.h"
#include "core/weights/checkpoint.h"
#include "core/weights/weight_storage.h"

namespace masklet {

/// An edge of the graph being built: the name of a node's output, a graph input or an initializer.
struct Value {
  std::string name;
};

/// A dimension: a size, or the name of one that is known only at run time.
using Dim = std::variant<std::int64_t, std::string>;

/// A node attribute.
struct Attribute {
  std::string_view name;
  std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>> value;
};

/// Writes one ONNX model (IR 8, opset 17) node by node, in the protobuf wire format, with the weights beside it.
/// The first failure (a tensor that is missing, misshapen or not finite) sticks: later calls go on with zeros,
/// so that the parts read like the paper, and finish() reports it.
class GraphBuilder {
 public:
  GraphBuilder(NetworkId id, Checkpoint& checkpoint, WeightStorage weights = WeightStorage::f32);

  Value input(std::string_view name, DType dtype, const std::vector<Dim>& shape);
  void output(const Value& value, std::string_view name, const std::vector<Dim>& shape);

  /// The checkpoint's tensor as f32; `shape` is what the architecture makes it.
  Tensor weight(std::string_view name, const Shape& shape);
  bool has_weight(std::string_view name) const;

  /// An initializer. Large ones go to the external weights.
  Value constant(const Tensor& tensor);
  Value constant(std::initializer_list<std::int64_t> values) {
    return constant(std::span<const std::int64_t>(values.begin(), values.size()));
  }
  Value constant(std::span<const std::int64_t> values);
  Value scalar(float value);

  /// Makes room for external weights at once; growing would hold them twice for a moment.
  void expect_weight_bytes(std::size_t bytes) { weights_.reserve(bytes); }
  /// What large weights are kept as.
  WeightStorage weights() const { return storage_; }
  /// A constant that may be kept as f16, and is f32 to its users.
  Value stored(const Tensor& tensor);

  /// Appends a node and returns its only output.
  Value node(std::string_view op, std::initializer_list<Value> inputs,
             std::initializer_list<Attribute> attributes = {});
  Value node(std::string_view op, std::span<const Value> inputs, std::span<const Attribute> attributes);
  /// Appends a node with `count` outputs.
  std::vector<Value> nodes(std::string_view op, std::size_t count, std::initializer_list<Value> inputs,
                           std::initializer_list<Attribute> attributes = {});

  Value reshape(const Value& x, std::initializer_list<std::int64_t> shape);
  Value transpose(const Value& x, std::initializer_list<std::int64_t> permutation);
  Value concat(std::span<const Value> parts, std::int64_t axis);
  Value add(const Value& a, const Value& b) { return node("Add", {a, b}); }
  Value mul(const Value& a, const Value& b) { return node("Mul", {a, b}); }
  Value matmul(const Value& a, const Value& b) { return node("MatMul", {a, b}); }

  /// The model, or the first error met on the way.
  Result<Network> finish();

 private:
  void append_node(std::string_view op, std::span<const Value> inputs, std::span<const Value> outputs,
                   std::span<const Attribute> attributes);
  Value fresh(std::string_view stem);
  void append_initializer(const Value& value, const Tensor& tensor);

  NetworkId id_;
  Checkpoint& checkpoint_;
  WeightStorage storage_;
  Status status_;
  std::string graph_;  // the GraphProto so far: protobuf fields may stand in any order
  std::vector<std::byte> weights_;
  int next_name_ = 0;
};

}  // namespace masklet
