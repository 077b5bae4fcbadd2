#include "core/model/model_tensors.h"

#include <algorithm>
#include <array>
#include <map>

#include "core/weights/quote_name.h"

namespace masklet {
namespace {

// What the configuration does not say; see the reference's build of the prompt encoder, decoder and memory
// encoder.
constexpr int kMlpRatio = 4, kPatchKernel = 7;
constexpr int kDecoderLayers = 2, kDecoderFeedForward = 2048, kDecoderDownsample = 2, kIouHidden = 256;
constexpr int kMaskTokens = 4, kPointEmbeddings = 4;
constexpr int kMaskInChannels = 16;
constexpr int kFuserLayers = 2, kFuserKernel = 7, kFuserRatio = 4;
constexpr int kMaskStages = 4;

/// Collects names and shapes; each method is one kind of layer.
class Lister {
 public:
  std::vector<TensorInfo> tensors;

  void add(const std::string& name, Shape shape) { tensors.push_back({name, DType::f32, std::move(shape)}); }

  void weight_and_bias(const std::string& name, Shape weight, std::int64_t bias) {
    add(name + ".weight", std::move(weight));
    add(name + ".bias", {bias});
  }
  void linear(const std::string& name, int in, int out) { weight_and_bias(name, {out, in}, out); }
  void norm(const std::string& name, int channels) { weight_and_bias(name, {channels}, channels); }
  void conv(const std::string& name, int in, int out, int kernel) {
    weight_and_bias(name, {out, in, kernel, kernel}, out);
  }
  /// Inputs come first in a transposed convolution's weight.
  void deconv(const std::string& name, int in, int out, int kernel) {
    weight_and_bias(name, {in, out, kernel, kernel}, out);
  }
  /// in -> hidden -> hidden -> out
  void mlp3(const std::string& name, int in, int hidden, int out) {
    linear(name + ".layers.0", in, hidden);
    linear(name + ".layers.1", hidden, hidden);
    linear(name + ".layers.2", hidden, out);
  }
  void attention(const std::string& name, int width, int inner, int keys_width) {
    linear(name + ".q_proj", width, inner);
    linear(name + ".k_proj", keys_width, inner);
    linear(name + ".v_proj", keys_width, inner);
    linear(name + ".out_proj", inner, width);
  }
};

std::string numbered(const std::string& stem, int index) {
  return stem + "." + std::to_string(index);
}

void image_encoder(Lister& list, const Architecture& a) {
  const std::string trunk = "image_encoder.trunk.";
  const auto [bkg_h, bkg_w] = a.window_pos_embed_bkg_spatial_size;
  const int window = a.window_spec.front();
  list.add(trunk + "pos_embed", {1, a.embed_dim, bkg_h, bkg_w});
  list.add(trunk + "pos_embed_window", {1, a.embed_dim, window, window});
  list.conv(trunk + "patch_embed.proj", 3, a.embed_dim, kPatchKernel);
  int index = 0;
  for (std::size_t stage = 0; stage < a.stages.size(); ++stage) {
    const int out = a.embed_dim << stage;
    for (int i = 0; i < a.stages[stage]; ++i, ++index) {
      const bool widens = stage > 0 && i == 0;
      const int in = widens ? out / 2 : out;
      const std::string block = numbered(trunk + "blocks", index) + ".";
      list.norm(block + "norm1", in);
      list.linear(block + "attn.qkv", in, 3 * out);
      list.linear(block + "attn.proj", out, out);
      list.norm(block + "norm2", out);
      list.linear(block + "mlp.layers.0", out, kMlpRatio * out);
      list.linear(block + "mlp.layers.1", kMlpRatio * out, out);
      if (widens) list.linear(block + "proj", in, out);
    }
  }
  for (std::size_t i = 0; i < a.backbone_channel_list.size(); ++i)
    list.conv(numbered("image_encoder.neck.convs", static_cast<int>(i)) + ".conv", a.backbone_channel_list[i],
              a.d_model, 1);
}

void memory_attention(Lister& list, const Architecture& a) {
  const int d = a.d_model;
  for (int i = 0; i < a.memory_attention_layers; ++i) {
    const std::string layer = numbered("memory_attention.layers", i) + ".";
    list.attention(layer + "self_attn", d, d, d);
    list.attention(layer + "cross_attn_image", d, d, a.mem_dim);
    list.linear(layer + "linear1", d, a.memory_attention_dim_feedforward);
    list.linear(layer + "linear2", a.memory_attention_dim_feedforward, d);
    for (int n = 1; n <= 3; ++n) list.norm(layer + "norm" + std::to_string(n), d);
  }
  list.norm("memory_attention.norm", d);
}

void memory_encoder(Lister& list, const Architecture& a) {
  const int d = a.d_model;
  const std::string downsampler = "memory_encoder.mask_downsampler.encoder";
  int channels = 1;
  for (int stage = 0; stage < kMaskStages; ++stage) {
    list.conv(numbered(downsampler, 3 * stage), channels, channels * 4, 3);
    channels *= 4;
    list.norm(numbered(downsampler, 3 * stage + 1), channels);
  }
  list.conv(numbered(downsampler, 3 * kMaskStages), channels, d, 1);
  list.conv("memory_encoder.pix_feat_proj", d, d, 1);
  for (int i = 0; i < kFuserLayers; ++i) {
    const std::string layer = numbered("memory_encoder.fuser.layers", i) + ".";
    list.add(layer + "gamma", {d});
    list.weight_and_bias(layer + "dwconv", {d, 1, kFuserKernel, kFuserKernel}, d);
    list.norm(layer + "norm", d);
    list.linear(layer + "pwconv1", d, kFuserRatio * d);
    list.linear(layer + "pwconv2", kFuserRatio * d, d);
  }
  // The reference leaves the projection out where it would change nothing.
  if (a.mem_dim != d) list.conv("memory_encoder.out_proj", d, a.mem_dim, 1);
}

void prompt_encoder(Lister& list, const Architecture& a) {
  const int d = a.d_model;
  const std::string prefix = "sam_prompt_encoder.";
  list.add(prefix + "pe_layer.positional_encoding_gaussian_matrix", {2, d / 2});
  for (int i = 0; i < kPointEmbeddings; ++i)
    list.add(numbered(prefix + "point_embeddings", i) + ".weight", {1, d});
  list.add(prefix + "not_a_point_embed.weight", {1, d});
  const std::string mask = prefix + "mask_downscaling";
  list.conv(mask + ".0", 1, kMaskInChannels / 4, 2);
  list.norm(mask + ".1", kMaskInChannels / 4);
  list.conv(mask + ".3", kMaskInChannels / 4, kMaskInChannels, 2);
  list.norm(mask + ".4", kMaskInChannels);
  list.conv(mask + ".6", kMaskInChannels, d, 1);
  list.add(prefix + "no_mask_embed.weight", {1, d});
}

void mask_decoder(Lister& list, const Architecture& a) {
  const int d = a.d_model, inner = d / kDecoderDownsample;
  const std::string prefix = "sam_mask_decoder.";
  for (int i = 0; i < kDecoderLayers; ++i) {
    const std::string layer = numbered(prefix + "transformer.layers", i) + ".";
    list.attention(layer + "self_attn", d, d, d);
    list.norm(layer + "norm1", d);
    list.attention(layer + "cross_attn_token_to_image", d, inner, d);
    list.norm(layer + "norm2", d);
    list.linear(layer + "mlp.layers.0", d, kDecoderFeedForward);
    list.linear(layer + "mlp.layers.1", kDecoderFeedForward, d);
    list.norm(layer + "norm3", d);
    list.norm(layer + "norm4", d);
    list.attention(layer + "cross_attn_image_to_token", d, inner, d);
  }
  list.attention(prefix + "transformer.final_attn_token_to_image", d, inner, d);
  list.norm(prefix + "transformer.norm_final_attn", d);
  list.add(prefix + "iou_token.weight", {1, d});
  list.add(prefix + "mask_tokens.weight", {kMaskTokens, d});
  list.add(prefix + "obj_score_token.weight", {1, d});
  list.deconv(prefix + "output_upscaling.0", d, d / 4, 2);
  list.norm(prefix + "output_upscaling.1", d / 4);
  list.deconv(prefix + "output_upscaling.3", d / 4, d / 8, 2);
  list.conv(prefix + "conv_s0", d, d / 8, 1);
  list.conv(prefix + "conv_s1", d, d / 4, 1);
  for (int i = 0; i < kMaskTokens; ++i)
    list.mlp3(numbered(prefix + "output_hypernetworks_mlps", i), d, d, d / 8);
  list.mlp3(prefix + "iou_prediction_head", d, kIouHidden, kMaskTokens);
  list.mlp3(prefix + "pred_obj_score_head", d, d, 1);
}

struct Part {
  std::string_view prefix, part;
};
constexpr std::array<Part, 14> kParts = {{
    {"image_encoder.", "image encoder"},
    {"memory_attention.", "memory attention"},
    {"maskmem_tpos_enc", "memory attention"},
    {"no_mem_embed", "memory attention"},
    {"no_mem_pos_enc", "memory attention"},
    {"obj_ptr_tpos_proj.", "memory attention"},
    {"sam_prompt_encoder.", "prompt encoder"},
    {"mask_downsample.", "prompt encoder"},
    {"sam_mask_decoder.", "mask decoder"},
    {"obj_ptr_proj.", "mask decoder"},
    {"no_obj_ptr", "mask decoder"},
    {"memory_encoder.", "memory encoder"},
    {"no_obj_embed_spatial", "memory encoder"},
    {"", "other"},
}};

/// "3 tensors missing ('a', 'b', ...)": the count and the first few.
template <class List, class Text>
std::string listed(const List& list, const std::string& what, const Text& text) {
  constexpr std::size_t kShown = 3;
  std::string out = std::to_string(list.size()) + " " + what + " (";
  for (std::size_t i = 0; i < std::min(list.size(), kShown); ++i) out += (i ? ", " : "") + text(list[i]);
  return out + (list.size() > kShown ? ", ...)" : ")");
}

}  // namespace

std::vector<TensorInfo> expected_tensors(const Architecture& a) {
  const int d = a.d_model, m = a.mem_dim;
  Lister list;
  list.add("maskmem_tpos_enc", {a.num_maskmem, 1, 1, m});
  list.add("no_mem_embed", {1, 1, d});
  list.add("no_mem_pos_enc", {1, 1, d});
  list.add("no_obj_ptr", {1, d});
  if (a.no_object_memory_embedding) list.add("no_obj_embed_spatial", {1, m});
  image_encoder(list, a);
  list.conv("mask_downsample", 1, 1, 4);
  memory_attention(list, a);
  memory_encoder(list, a);
  prompt_encoder(list, a);
  mask_decoder(list, a);
  list.mlp3("obj_ptr_proj", d, d, d);
  if (a.pointer_time_encoding) list.linear("obj_ptr_tpos_proj", d, m);
  return std::move(list.tensors);
}

TensorReport compare_tensors(const Architecture& architecture, const std::vector<TensorInfo>& found) {
  std::map<std::string_view, const TensorInfo*> by_name;
  for (const TensorInfo& info : found) by_name.emplace(info.name, &info);
  TensorReport report;
  for (const TensorInfo& expected : expected_tensors(architecture)) {
    const auto match = by_name.find(expected.name);
    if (match == by_name.end()) {
      report.missing.push_back(expected.name);
      continue;
    }
    if (match->second->shape != expected.shape)
      report.misshapen.push_back({expected.name, expected.shape, match->second->shape});
    by_name.erase(match);
  }
  for (const TensorInfo& info : found) {
    if (by_name.count(info.name)) report.unexpected.push_back(info.name);
  }
  return report;
}

Status check_report(const TensorReport& report) {
  if (report.fits()) return {};
  std::string message = "the checkpoint does not fit the architecture: ";
  if (!report.missing.empty())
    message += listed(report.missing, "missing", [](const std::string& name) { return quote_name(name); });
  if (!report.misshapen.empty()) {
    if (!report.missing.empty()) message += "; ";
    message += listed(report.misshapen, "of another shape", [](const MisshapenTensor& tensor) {
      return quote_name(tensor.name) + " " + to_string(tensor.found) + " instead of " +
             to_string(tensor.expected);
    });
  }
  return Error{ErrorCode::weights_mismatch,
               message + ". Give the model.json that belongs to these weights, or download them again"};
}

std::vector<PartSummary> summarise_parts(const std::vector<TensorInfo>& tensors) {
  std::vector<PartSummary> parts;
  for (const Part& part : kParts) {
    if (parts.empty() || parts.back().part != part.part) parts.push_back({part.part});
  }
  for (const TensorInfo& info : tensors) {
    const auto part = std::find_if(kParts.begin(), kParts.end(), [&](const Part& row) {
      return std::string_view(info.name).substr(0, row.prefix.size()) == row.prefix;
    });
    const auto summary = std::find_if(parts.begin(), parts.end(),
                                      [&](const PartSummary& row) { return row.part == part->part; });
    ++summary->tensors;
    summary->parameters += element_count(info.shape);
  }
  parts.erase(
      std::remove_if(parts.begin(), parts.end(), [](const PartSummary& row) { return row.tensors == 0; }),
      parts.end());
  return parts;
}

}  // namespace masklet
