#include "core/weights/state_dict.h"

#include <algorithm>
#include <array>

#include "core/weights/quote_name.h"

namespace masklet {
namespace {

constexpr std::array<std::string_view, 3> kContainers = {"model", "state_dict", "model_state_dict"};
constexpr std::array<std::string_view, 3> kWrappers = {"module.", "_orig_mod.", "model."};
constexpr std::size_t kMaxNameBytes = 1024;  // also keeps a hostile dict from repeating one huge key

std::string_view text_of(const PickleHeap& heap, PickleValue key) {
  return key.kind == PickleKind::text ? std::string_view(heap.texts[key.index()]) : std::string_view();
}

bool holds_tensors(const PickleHeap& heap, PickleValue value) {
  if (value.kind != PickleKind::dict) return false;
  const PickleDict& dict = heap.dicts[value.index()];
  return std::any_of(dict.begin(), dict.end(), [&](const auto& item) {
    return item.first.kind == PickleKind::text && item.second.kind == PickleKind::tensor;
  });
}

/// "'optimizer', 'epoch'": the first keys of a dict.
std::string keys_of(const PickleHeap& heap, PickleValue value) {
  constexpr std::size_t kShown = 6;
  if (value.kind != PickleKind::dict) return "no dict";
  const PickleDict& dict = heap.dicts[value.index()];
  std::string text = "a dict with the keys";
  for (std::size_t i = 0; i < std::min(dict.size(), kShown); ++i)
    text += (i ? ", " : " ") + quote_name(text_of(heap, dict[i].first));
  return dict.empty() ? "an empty dict" : text + (dict.size() > kShown ? ", ..." : "");
}

}  // namespace

std::string_view without_wrappers(std::string_view name) {
  for (bool again = true; again;) {
    again = false;
    for (std::string_view wrapper : kWrappers) {
      if (name.substr(0, wrapper.size()) != wrapper) continue;
      name.remove_prefix(wrapper.size());
      again = true;
    }
  }
  return name;
}

Result<std::vector<StateDictEntry>> find_state_dict(const PickleHeap& heap, PickleValue root) {
  PickleValue found;
  if (root.kind == PickleKind::dict) {
    for (std::string_view container : kContainers) {
      for (const auto& [key, value] : heap.dicts[root.index()]) {
        if (text_of(heap, key) == container && holds_tensors(heap, value) && found.kind == PickleKind::none)
          found = value;
      }
    }
    if (found.kind == PickleKind::none && holds_tensors(heap, root)) found = root;
  }
  if (found.kind == PickleKind::none) {
    return Error{ErrorCode::unsupported_file,
                 "the checkpoint holds no state dict: it is " + keys_of(heap, root) +
                     ". masklet looks for tensors under 'model', under 'state_dict', or at the top: "
                     "torch.save({'model': model.state_dict()}, file)"};
  }
  std::vector<StateDictEntry> entries;
  for (const auto& [key, value] : heap.dicts[found.index()]) {
    if (key.kind != PickleKind::text || value.kind != PickleKind::tensor) continue;
    const std::string& name = heap.texts[key.index()];
    if (name.size() > kMaxNameBytes) {
      return Error{ErrorCode::unsupported_file, "a tensor's name has " + std::to_string(name.size()) +
                                                    " bytes; masklet reads up to " +
                                                    std::to_string(kMaxNameBytes)};
    }
    entries.push_back({std::string(without_wrappers(name)), value.index()});
  }
  return entries;
}

Status check_distinct(const std::vector<TensorInfo>& tensors) {
  std::vector<std::string_view> names;
  for (const TensorInfo& tensor : tensors) names.push_back(tensor.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return {};
  return Error{ErrorCode::corrupt_file,
               "the checkpoint holds two tensors named " + quote_name(*twice) +
                   " once prefixes such as 'module.' are removed; save one state dict alone"};
}

}  // namespace masklet
