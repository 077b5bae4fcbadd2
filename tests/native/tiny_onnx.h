#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "core/base/tensor.h"
#include "core/graph/network.h"

/// Writes ONNX models of a few nodes, so that the runtime is tested apart from the graphs that core builds.
namespace masklet::test {

class TinyOnnx {
 public:
  /// A graph input or output. Sizes of -1 are dynamic.
  TinyOnnx& input(const std::string& name, const Shape& shape, DType dtype = DType::f32);
  TinyOnnx& output(const std::string& name, const Shape& shape, DType dtype = DType::f32);

  /// An f32 initializer whose values lie in the network's weights.
  TinyOnnx& weight(const std::string& name, const Shape& shape, std::span<const float> values);

  TinyOnnx& node(const std::string& op, std::initializer_list<std::string> inputs, const std::string& output);

  Network network(NetworkId id) const;

 private:
  std::string graph_;
  std::vector<std::byte> weights_;
};

}  // namespace masklet::test
