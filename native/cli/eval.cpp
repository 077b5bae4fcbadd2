#include <cstdio>
#include <map>
#include <set>

#include "core/mask/jaccard.h"
#include "native/cli/command.h"
#include "native/host/mask_folder.h"

namespace masklet::native {
namespace {

struct Options {
  std::string predicted, truth;
};

void print_row(const std::string& name, int frames, double predicted, double copied) {
  std::printf("%-8s %7d %8.4f %14.4f\n", name.c_str(), frames, predicted, copied);
}

/// Frame 0 holds the prompt, so it is not scored; the copy baseline is frame 0's true mask on every frame.
Result<ExitCode> eval(const Options& options) {
  MASKLET_ASSIGN(const std::vector<std::string> names, mask_names(options.truth));
  if (names.size() < 2)
    return Error{ErrorCode::unsupported_file, "'" + options.truth + "' holds " +
                                                  std::to_string(names.size()) +
                                                  " PNG file(s); frames are scored from the second on"};
  MASKLET_ASSIGN(const LabelImage first, read_mask(options.truth, names[0]));
  std::set<std::uint8_t> objects(first.labels.begin(), first.labels.end());
  objects.erase(0);
  if (objects.empty())
    return Error{ErrorCode::unsupported_file, "'" + options.truth + "/" + names[0] +
                                                  "' shows no object; the first frame says which are scored"};

  std::map<std::uint8_t, double> predicted, copied;
  for (std::size_t i = 1; i < names.size(); ++i) {
    MASKLET_ASSIGN(const LabelImage truth, read_mask(options.truth, names[i]));
    MASKLET_ASSIGN(const LabelImage mask, read_mask(options.predicted, names[i]));
    MASKLET_TRY(check_same_size(names[i], truth, mask));
    MASKLET_TRY(check_same_size(names[i], truth, first));
    const Jaccard own(mask.labels, truth.labels), copy(first.labels, truth.labels);
    for (std::uint8_t object : objects) {
      predicted[object] += own.of(object);
      copied[object] += copy.of(object);
    }
  }
  const int frames = static_cast<int>(names.size()) - 1;
  double all_predicted = 0, all_copied = 0;
  std::printf("%-8s %7s %8s %14s\n", "object", "frames", "J", "J of copying");
  for (std::uint8_t object : objects) {
    print_row(std::to_string(object), frames, predicted[object] / frames, copied[object] / frames);
    all_predicted += predicted[object] / frames;
    all_copied += copied[object] / frames;
  }
  const auto count = static_cast<double>(objects.size());
  print_row("mean", frames, all_predicted / count, all_copied / count);
  return kSuccess;
}

}  // namespace

Action add_eval(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command
      .add_option("predicted", options->predicted, "Folder of mask PNG files, as segment --png writes them")
      ->required();
  command.add_option("truth", options->truth, "Folder of the true masks, with the same file names")
      ->required();
  command.footer(
      "J is the intersection over the union, 1 where an object is in neither mask, averaged over all frames\n"
      "but the first, for the objects of the first. Beside it the J of copying the first true mask to\n"
      "every frame. This is not yet DAVIS's whole protocol.\n\n"
      "Example:\n  masklet eval out/masks clip/masks");
  return [options] { return eval(*options); };
}

}  // namespace masklet::native
