#include "native/host/model_host.h"

#include <filesystem>

#include "core/model/model_folder.h"
#include "core/model/recognise.h"
#include "native/host/file_source.h"
#include "native/host/model_path.h"

namespace masklet::native {
namespace {

namespace fs = std::filesystem;

Result<std::optional<Architecture>> given_architecture(const ModelOptions& options) {
  std::string path = options.architecture_path;
  if (path.empty() && fs::is_directory(options.path)) path = (fs::path(options.path) / kArchitectureFile).string();
  if (path.empty()) return std::optional<Architecture>();
  MASKLET_ASSIGN(const std::string json, read_text_file(path));
  MASKLET_ASSIGN(Architecture architecture, parse_architecture(json));
  return std::optional<Architecture>(std::move(architecture));
}

}  // namespace

Result<std::string> find_weights(const std::string& model) {
  MASKLET_ASSIGN(const std::string path, find_model(model));
  return fs::is_directory(path) ? (fs::path(path) / kWeightsFile).string() : path;
}

Result<UncheckedModel> open_unchecked(const ModelOptions& given) {
  ModelOptions options = given;
  MASKLET_ASSIGN(options.path, find_model(given.path));
  MASKLET_ASSIGN(const std::string weights, find_weights(options.path));
  MASKLET_ASSIGN(const std::shared_ptr<ByteSource> source, open_file(weights));
  UncheckedModel model;
  MASKLET_ASSIGN(model.checkpoint, open_checkpoint(source));
  MASKLET_ASSIGN(model.given, given_architecture(options));
  return model;
}

Result<OpenedModel> open_model(const ModelOptions& options) {
  MASKLET_ASSIGN(UncheckedModel unchecked, open_unchecked(options));
  OpenedModel model;
  MASKLET_ASSIGN(model.architecture, recognise(unchecked.checkpoint->tensors(), unchecked.given));
  model.checkpoint = std::move(unchecked.checkpoint);
  if (options.image_size) model.architecture.image_size = options.image_size;
  MASKLET_TRY(validate(model.architecture));
  return model;
}

Result<std::unique_ptr<ModelHost>> load_model_host(const ModelOptions& options) {
  MASKLET_ASSIGN(const OpenedModel opened, open_model(options));
  return load_model_host(opened, options);
}

Result<std::unique_ptr<ModelHost>> load_model_host(const OpenedModel& opened, const ModelOptions& options) {
  MASKLET_ASSIGN(Model model, load_model(opened.architecture, *opened.checkpoint));
  MASKLET_ASSIGN(OrtRuntime runtime, OrtRuntime::create(options.runtime));
  for (int i = 0; i < kNetworkCount; ++i) {
    MASKLET_ASSIGN(const Network network, build_network(static_cast<NetworkId>(i), opened.architecture,
                                                        *opened.checkpoint, options.graph));
    MemoryCharge built;
    if (options.runtime.account)
      built = MemoryCharge(*options.runtime.account, MemoryCategory::weights, "a network on its way to the runtime");
    built.set(network.onnx.size() + network.weights.size());
    MASKLET_TRY(runtime.load(network));
  }
  return std::make_unique<ModelHost>(ModelHost{std::move(model), std::move(runtime)});
}

}  // namespace masklet::native
