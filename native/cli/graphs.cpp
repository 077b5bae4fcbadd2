#include <cstdio>
#include <filesystem>

#include "native/cli/command.h"
#include "native/cli/model_flags.h"
#include "native/host/atomic_file.h"
#include "native/output/folders.h"

namespace masklet::native {
namespace {

namespace fs = std::filesystem;

struct GraphsOptions {
  ModelOptions model;
  std::string folder;
};

/// One network as folder/name/{model.onnx, weights.bin}: each refers to its weights by the same name, so each has a
/// folder of its own.
Status write_network(const Network& network, const fs::path& folder) {
  const fs::path own = folder / network_name(network.id);
  MASKLET_TRY(make_folder(own.string()));
  // The weights first: a model that stands there can be loaded.
  MASKLET_TRY(write_file((own / kExternalWeights).string(), network.weights));
  MASKLET_TRY(write_file((own / "model.onnx").string(), network.onnx));
  std::printf("%s, %.2f MB with its weights\n", (own / "model.onnx").string().c_str(),
              static_cast<double>(network.onnx.size() + network.weights.size()) / 1e6);
  return {};
}

Result<ExitCode> write_graphs(const GraphsOptions& options) {
  MASKLET_ASSIGN(const OpenedModel model, open_model(options.model));
  for (int i = 0; i < kNetworkCount; ++i) {
    // One at a time, so that the weights are never in memory as a whole.
    MASKLET_ASSIGN(const Network network, build_network(static_cast<NetworkId>(i), model.architecture,
                                                        *model.checkpoint, options.model.graph));
    MASKLET_TRY(write_network(network, options.folder));
  }
  return kSuccess;
}

}  // namespace

Action add_graphs(CLI::App& command) {
  auto options = std::make_shared<GraphsOptions>();
  add_model_flags(command, options->model);
  command.add_option("-o,--output", options->folder, "Folder; each network gets one of its own in it")->required();
  command.add_flag("--float-image", options->model.graph.float_image,
                   "The image encoder takes f32 pixels in 0 .. 1, as in image mode, instead of u8");
  command.footer("Example:\n  masklet graphs --model sam2.1_hiera_tiny.pt -o graphs");
  return [options] { return write_graphs(*options); };
}

}  // namespace masklet::native
