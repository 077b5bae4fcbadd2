#include <cstdio>
#include <filesystem>
#include <map>

#include "core/model/model_folder.h"
#include "native/cli/command.h"
#include "native/host/atomic_file.h"
#include "native/host/model_host.h"
#include "native/output/folders.h"

namespace masklet::native {
namespace {

namespace fs = std::filesystem;

struct ImportOptions {
  ModelOptions model;
  std::string folder;
  std::string dtype = "f32";
};

Result<ExitCode> import_model(const ImportOptions& options) {
  MASKLET_ASSIGN(const WeightStorage storage, parse_weight_storage(options.dtype));
  MASKLET_ASSIGN(const OpenedModel model, open_model(options.model));
  MASKLET_TRY(make_folder(options.folder));

  // The files of the folder stay drafts until all are whole.
  std::map<std::string, AtomicFile> files;
  const auto sink = [&](std::string_view name, std::span<const std::byte> bytes) -> Status {
    auto it = files.find(std::string(name));
    if (it == files.end()) {
      MASKLET_ASSIGN(AtomicFile file, AtomicFile::create((fs::path(options.folder) / name).string()));
      it = files.emplace(name, std::move(file)).first;
    }
    return it->second.write(bytes);
  };
  MASKLET_TRY(write_model_folder(model.architecture, *model.checkpoint, storage, sink));
  for (auto& [name, file] : files) MASKLET_TRY(file.commit());
  for (const auto& [name, file] : files) {
    const fs::path path = fs::path(options.folder) / name;
    std::printf("%s, %.1f MB\n", path.string().c_str(), static_cast<double>(fs::file_size(path)) / 1e6);
  }
  return kSuccess;
}

}  // namespace

Action add_import(CLI::App& command) {
  auto options = std::make_shared<ImportOptions>();
  command.add_option("file", options->model.path, "Checkpoint (.pt, .safetensors) or model folder")->required();
  command.add_option("-o,--output", options->folder, "Folder for model.json and model.safetensors")->required();
  command.add_option("--dtype", options->dtype, "How weights are stored: f32, f16 or q8")->capture_default_str();
  command.add_option("--architecture", options->model.architecture_path,
                     "model.json of the checkpoint, where it is of no published size");
  command.footer("Example:\n  masklet import sam2.1_hiera_tiny.pt -o sam2.1-tiny --dtype f16");
  return [options] { return import_model(*options); };
}

}  // namespace masklet::native
