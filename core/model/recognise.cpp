#include "core/model/recognise.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/model/model_tensors.h"
#include "core/weights/quote_name.h"

namespace masklet {
namespace {

constexpr std::string_view kTrunk = "image_encoder.trunk.";

const TensorInfo* find(const std::vector<TensorInfo>& tensors, std::string_view name) {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const TensorInfo& info) { return info.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

bool has_prefix(const std::vector<TensorInfo>& tensors, std::string_view prefix) {
  return std::any_of(tensors.begin(), tensors.end(), [&](const TensorInfo& info) {
    return std::string_view(info.name).substr(0, prefix.size()) == prefix;
  });
}

/// Layouts of other libraries and models, told by a prefix of their tensors' names.
struct Foreign {
  std::string_view prefix, layout, remedy;
};
constexpr std::array<Foreign, 9> kForeign = {{
    {"vision_encoder.", "the layout of Hugging Face transformers",
     "give Meta's own .pt, which lies in the same model repository"},
    {"sam2.vision_encoder.", "the layout of Hugging Face transformers",
     "give Meta's own .pt, which lies in the same model repository"},
    {"shared_image_embedding.", "the layout of Hugging Face transformers",
     "give Meta's own .pt, which lies in the same model repository"},
    {"tracker_model.", "SAM 3 in the layout of Hugging Face transformers",
     "give a checkpoint of SAM 2 or 2.1"},
    {"detector_model.", "SAM 3 in the layout of Hugging Face transformers",
     "give a checkpoint of SAM 2 or 2.1"},
    {"detector.", "SAM 3's layout", "give a checkpoint of SAM 2 or 2.1"},
    {"image_encoder.patch_embed.", "the first SAM, which does not track",
     "give a checkpoint of SAM 2 or 2.1"},
    {"image_encoder.blocks.", "the first SAM, which does not track", "give a checkpoint of SAM 2 or 2.1"},
    {"trunk.", "a part of SAM 2 alone", "give the whole checkpoint, with 'image_encoder.trunk...'"},
}};

/// Refuses what is not SAM 2 under Meta's names.
Status check_layout(const std::vector<TensorInfo>& tensors) {
  if (has_prefix(tensors, kTrunk)) return {};
  for (const Foreign& foreign : kForeign) {
    const auto example = std::find_if(tensors.begin(), tensors.end(), [&](const TensorInfo& info) {
      return std::string_view(info.name).substr(0, foreign.prefix.size()) == foreign.prefix;
    });
    if (example == tensors.end()) continue;
    return Error{ErrorCode::unsupported_file,
                 "the tensors are named after " + std::string(foreign.layout) + " (" +
                     quote_name(example->name) +
                     "); masklet reads Meta's names: " + std::string(foreign.remedy)};
  }
  return Error{ErrorCode::unsupported_file,
               "the checkpoint holds no SAM 2: none of its " + std::to_string(tensors.size()) + " tensors (" +
                   (tensors.empty() ? "none" : quote_name(tensors.front().name) + ", ...") +
                   ") begins with '" + std::string(kTrunk) +
                   "'. Give a checkpoint of SAM 2 or 2.1 as published"};
}

/// What the trunk's tensors show: its width, the blocks of each stage, and its two position embeddings.
struct Trunk {
  std::int64_t embed_dim = 0;
  std::vector<int> stages;
  std::array<std::int64_t, 2> background = {};
  std::int64_t window = 0;
};

Trunk look_at_trunk(const std::vector<TensorInfo>& tensors) {
  Trunk trunk;
  const std::string prefix(kTrunk);
  if (const TensorInfo* patch = find(tensors, prefix + "patch_embed.proj.bias");
      patch && !patch->shape.empty())
    trunk.embed_dim = patch->shape.front();
  if (const TensorInfo* background = find(tensors, prefix + "pos_embed");
      background && background->shape.size() == 4)
    trunk.background = {background->shape[2], background->shape[3]};
  if (const TensorInfo* window = find(tensors, prefix + "pos_embed_window");
      window && window->shape.size() == 4)
    trunk.window = window->shape[2];
  std::int64_t width = -1;
  for (int block = 0;; ++block) {
    const TensorInfo* norm = find(tensors, prefix + "blocks." + std::to_string(block) + ".norm2.bias");
    if (!norm || norm->shape.size() != 1) return trunk;
    if (norm->shape.front() != width) trunk.stages.push_back(0);
    ++trunk.stages.back();
    width = norm->shape.front();
  }
}

bool matches(const Trunk& trunk, const Architecture& a) {
  return trunk.embed_dim == a.embed_dim && trunk.stages == a.stages &&
         trunk.background[0] == a.window_pos_embed_bkg_spatial_size[0] &&
         trunk.background[1] == a.window_pos_embed_bkg_spatial_size[1] &&
         trunk.window == a.window_spec.front();
}

Error unknown(const Trunk& trunk) {
  const Shape stages(trunk.stages.begin(), trunk.stages.end());
  return {ErrorCode::unknown_architecture,
          "the checkpoint's trunk (embed_dim " + std::to_string(trunk.embed_dim) + ", stages " +
              to_string(stages) + ", background " + std::to_string(trunk.background[0]) + " x " +
              std::to_string(trunk.background[1]) + ", window " + std::to_string(trunk.window) +
              ") is none of SAM 2's tiny, small, base_plus, large. Its heads, windows and global blocks do "
              "not show "
              "in the tensors: give its model.json"};
}

std::array<PublishedModel, 4> make_published() {
  const Architecture tiny;
  Architecture small = tiny;
  small.stages = {1, 2, 11, 2};
  small.global_att_blocks = {7, 10, 13};
  Architecture base_plus = tiny;
  base_plus.embed_dim = 112;
  base_plus.num_heads = 2;
  base_plus.stages = {2, 3, 16, 3};
  base_plus.global_att_blocks = {12, 16, 20};
  base_plus.window_pos_embed_bkg_spatial_size = {14, 14};
  base_plus.backbone_channel_list = {896, 448, 224, 112};
  Architecture large = tiny;
  large.embed_dim = 144;
  large.num_heads = 2;
  large.stages = {2, 6, 36, 4};
  large.global_att_blocks = {23, 33, 43};
  large.window_spec = {8, 4, 16, 8};
  large.backbone_channel_list = {1152, 576, 288, 144};
  return {{{"tiny", tiny}, {"small", small}, {"base_plus", base_plus}, {"large", large}}};
}

}  // namespace

std::span<const PublishedModel> published_models() {
  static const std::array<PublishedModel, 4> models = make_published();
  return models;
}

std::string model_name(const Architecture& architecture) {
  Architecture newest = architecture;
  newest.no_object_memory_embedding = newest.pointer_time_encoding = true;
  for (const PublishedModel& model : published_models()) {
    if (model.architecture != newest) continue;
    if (architecture == newest) return "SAM 2.1 " + std::string(model.size);
    if (!architecture.no_object_memory_embedding && !architecture.pointer_time_encoding)
      return "SAM 2.0 " + std::string(model.size);
  }
  return "SAM 2 of its own shape";
}

Result<Architecture> presume_architecture(const std::vector<TensorInfo>& tensors,
                                          const std::optional<Architecture>& given) {
  MASKLET_TRY(check_layout(tensors));
  std::optional<Architecture> architecture = given;
  if (given) {
    MASKLET_TRY(validate(*given));
  } else {
    const Trunk trunk = look_at_trunk(tensors);
    for (const PublishedModel& model : published_models()) {
      if (matches(trunk, model.architecture)) architecture = model.architecture;
    }
    if (!architecture) return unknown(trunk);
  }
  const bool embedding = find(tensors, "no_obj_embed_spatial") != nullptr;
  const bool time_encoding = has_prefix(tensors, "obj_ptr_tpos_proj.");
  // SAM 2.1 has both and 2.0 neither. Of a published size with one alone, the other was lost; the report says
  // which.
  const bool both = !given && (embedding || time_encoding);
  architecture->no_object_memory_embedding = embedding || both;
  architecture->pointer_time_encoding = time_encoding || both;
  return *architecture;
}

Result<Architecture> recognise(const std::vector<TensorInfo>& tensors,
                               const std::optional<Architecture>& given) {
  MASKLET_ASSIGN(const Architecture architecture, presume_architecture(tensors, given));
  MASKLET_TRY(check_report(compare_tensors(architecture, tensors)));
  return architecture;
}

}  // namespace masklet
