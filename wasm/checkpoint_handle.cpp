#include "wasm/checkpoint_handle.h"

#include "core/graph/cost.h"
#include "core/model/model_folder.h"
#include "core/model/recognise.h"
#include "wasm/js_source.h"
#include "wasm/values.h"

namespace masklet::wasm {
namespace {

Result<NetworkId> network_of(const std::string& name) {
  for (int i = 0; i < kNetworkCount; ++i) {
    if (name == network_name(static_cast<NetworkId>(i))) return static_cast<NetworkId>(i);
  }
  return Error{ErrorCode::invalid_argument, "there is no network '" + name + "'"};
}

Result<std::shared_ptr<ModelHandle>> load(Checkpoint& checkpoint, const std::string& model_json, int image_size) {
  std::optional<Architecture> given;
  if (!model_json.empty()) {
    MASKLET_ASSIGN(given, parse_architecture(model_json));
  }
  MASKLET_ASSIGN(Architecture architecture, masklet::recognise(checkpoint.tensors(), given));
  if (image_size) architecture.image_size = image_size;
  MASKLET_TRY(validate(architecture));
  MASKLET_ASSIGN(Model model, load_model(architecture, checkpoint));
  return std::make_shared<ModelHandle>(ModelHandle{std::move(model)});
}

val view_of(const std::vector<std::byte>& bytes) {
  return val(emscripten::typed_memory_view(bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data())));
}

}  // namespace

val NetworkHandle::onnx() const { return view_of(network_.onnx); }

val NetworkHandle::weights() const { return view_of(network_.weights); }

val ModelHandle::describe() const {
  val value = val::object();
  value.set("name", model_name(model.architecture));
  value.set("imageSize", model.architecture.image_size);
  value.set("lowResSize", model.architecture.low_res_size());
  value.set("encoderFlop", network_flop(NetworkId::image_encoder, model.architecture, 0, 0));
  value.set("modelJson", to_json(model.architecture));
  return value;
}

val CheckpointHandle::open(val source) {
  return guarded([&] {
    auto checkpoint = open_checkpoint(std::make_shared<JsSource>(source));
    if (!checkpoint) return failure(checkpoint.error());
    return success(val(std::shared_ptr<CheckpointHandle>(new CheckpointHandle(std::move(*checkpoint)))));
  });
}

val CheckpointHandle::recognise(const std::string& model_json, int image_size) {
  return guarded([&] {
    auto model = load(*checkpoint_, model_json, image_size);
    return model ? success(val(*model)) : failure(model.error());
  });
}

val CheckpointHandle::network(const ModelHandle& model, const std::string& name, val options) {
  return guarded([&] {
    const auto id = network_of(name);
    if (!id) return failure(id.error());
    GraphOptions graph;
    graph.attention_chunk = int_or(options, "attentionChunk", graph.attention_chunk);
    graph.float_image = bool_or(options, "floatImage", graph.float_image);
    const auto weights = parse_weight_storage(string_or(options, "dtype", "f32"));
    if (!weights) return failure(weights.error());
    graph.weights = *weights;
    auto network = build_network(*id, model.model.architecture, *checkpoint_, graph);
    if (!network) return failure(network.error());
    return success(val(std::make_shared<NetworkHandle>(std::move(*network))));
  });
}

}  // namespace masklet::wasm
