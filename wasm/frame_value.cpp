#include "wasm/frame_value.h"

#include <algorithm>

#include "core/effects/paint.h"
#include "core/mask/upsample_bilinear.h"
#include "core/synth/synth_clip.h"
#include "wasm/values.h"

namespace masklet::wasm {
namespace {

bool asks(const val& forms, const char* form) {
  return !forms.isUndefined() && !forms.isNull() && forms[form].isTrue();
}

val overlay_of(const val& forms) {
  return forms.isUndefined() || forms.isNull() ? val::undefined() : forms["overlay"];
}

bool wants_overlay(const val& forms) { return overlay_of(forms).isArray(); }

LabelColours colours_of(const val& list) {
  LabelColours colours{};
  for (int i = 0; i < list["length"].as<int>(); ++i) {
    const val entry = list[i];
    const int label = entry[0].as<int>() & 255;
    if (label == 0) continue;  // stays transparent
    for (int part = 0; part < 4; ++part) colours[label][part] = static_cast<std::uint8_t>(entry[part + 1].as<int>());
  }
  return colours;
}

/// Returns the box around the pixels that are set.
PixelBox set_rle(val& value, const Rle& rle) {
  const PixelBox box = rle_box(rle);
  val sides = val::array();
  for (int side : {box.x, box.y, box.width, box.height}) sides.call<void>("push", side);
  value.set("area", static_cast<double>(rle_area(rle)));
  value.set("box", sides);
  value.set("counts", rle_to_string(rle));
  return box;
}

/// Rows of a picture that anything is set on.
struct Rows {
  int first = 0;
  int count = 0;
};

Rows rows_of(const PixelBox& box) { return {box.y, box.height}; }

Rows joined(const Rows& a, const Rows& b) {
  if (!a.count || !b.count) return a.count ? a : b;
  const int first = std::min(a.first, b.first);
  return {first, std::max(a.first + a.count, b.first + b.count) - first};
}

/// Labels in their colours, 0 being transparent: `rows` have other labels, and only these are painted and copied into
/// the array, which is all transparent to begin with.
val painted(std::span<const std::uint8_t> labels, int width, const Rows& rows, const LabelColours& colours) {
  const std::size_t first = static_cast<std::size_t>(rows.first) * width, count = static_cast<std::size_t>(rows.count) * width;
  std::vector<std::uint8_t> rgba(4 * count);
  paint_labels(labels.subspan(first, count), colours, rgba);
  const val picture = val::global("Uint8Array").new_(4 * labels.size());
  if (count) picture.call<void>("set", val(emscripten::typed_memory_view(rgba.size(), rgba.data())), 4 * first);
  return picture;
}

/// The object white and opaque on transparent ground.
val image_of(std::span<const std::uint8_t> mask, int width, const Rows& rows) {
  static const LabelColours kWhite = [] {
    LabelColours colours{};
    colours[1] = {255, 255, 255, 255};
    return colours;
  }();
  return painted(mask, width, rows, kWhite);
}

void set_bitmap_forms(val& value, std::span<const std::uint8_t> mask, int width, const Rows& rows, const val& forms) {
  if (asks(forms, "bitmap")) value.set("bitmap", copy_bytes(mask));
  if (asks(forms, "image")) value.set("image", image_of(mask, width, rows));
}

void set_matte(val& value, std::span<const float> logits, int side, int width, int height, const val& forms) {
  if (!asks(forms, "matte")) return;
  std::vector<std::uint8_t> matte(static_cast<std::size_t>(width) * height);
  soft_matte(logits, side, width, height, matte);
  value.set("matte", copy_bytes(std::span<const std::uint8_t>(matte)));
}

void set_label_forms(val& value, std::span<const std::uint8_t> labels, int width, const Rows& rows, const val& forms) {
  if (asks(forms, "labels")) value.set("labels", copy_bytes(labels));
  if (wants_overlay(forms)) value.set("overlay", painted(labels, width, rows, colours_of(overlay_of(forms))));
}

Result<MaskletsObject> object_of(const val& value, const Clip& clip) {
  MASKLET_ASSIGN(Rle rle, rle_from_string(clip.width, clip.height, value["counts"].as<std::string>()));
  return MaskletsObject{int_or(value, "id", 0), std::move(rle), value["score"].as<float>(), value["iou"].as<float>()};
}

ClipPrompt prompt_of(const val& value) {
  ClipPrompt prompt;
  prompt.object = int_or(value, "object", 1);
  prompt.frame = int_or(value, "frame", 0);
  prompt.points = points_of(value);
  prompt.box = box_of(value);
  prompt.mask_path = string_or(value, "mask", "");
  return prompt;
}

}  // namespace

val frame_value(const FrameResult& result, int low_res_size, const Clip& clip, val forms) {
  const bool with_labels = asks(forms, "labels") || wants_overlay(forms);
  const FrameMasks masks = frame_masks(result, low_res_size, clip, with_labels);
  val objects = val::array();
  Rows labelled;
  for (std::size_t i = 0; i < masks.objects.size(); ++i) {
    const ObjectMask& mask = masks.objects[i];
    val object = val::object();
    object.set("id", mask.object);
    object.set("score", mask.object_score);
    object.set("iou", mask.iou);
    const Rows rows = rows_of(set_rle(object, rle_encode(mask.mask, clip.width, clip.height, mask.extent_px)));
    labelled = joined(labelled, rows);
    set_bitmap_forms(object, mask.mask, clip.width, rows, forms);
    set_matte(object, result.objects[i].low_res_logits, low_res_size, clip.width, clip.height, forms);
    objects.set(i, object);
  }
  val value = val::object();
  value.set("frame", result.frame);
  value.set("objects", objects);
  if (with_labels) set_label_forms(value, masks.labels, clip.width, labelled, forms);
  return value;
}

val frame_from_rle(val frame, val clip, val forms) {
  return guarded([&] {
    const Clip size = clip_of(clip);
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(size.width) * size.height);
    std::vector<std::uint8_t> labels(mask.size());
    const bool with_labels = asks(forms, "labels") || wants_overlay(forms);
    const val given = frame["objects"];
    val objects = val::array();
    Rows labelled;
    for (int i = 0; i < given["length"].as<int>(); ++i) {
      const auto found = object_of(given[i], size);
      if (!found) return failure(found.error());
      val object = val::object();
      object.set("id", found->id);
      object.set("score", found->score);
      object.set("iou", found->iou);
      const Rows rows = rows_of(set_rle(object, found->rle));
      labelled = joined(labelled, rows);
      rle_decode(found->rle, mask);
      set_bitmap_forms(object, mask, size.width, rows, forms);
      for (std::size_t p = 0; with_labels && p < mask.size(); ++p) {
        if (mask[p]) labels[p] = static_cast<std::uint8_t>(found->id);
      }
      objects.set(i, object);
    }
    val value = val::object();
    value.set("frame", frame["frame"]);
    value.set("objects", objects);
    if (with_labels) set_label_forms(value, labels, size.width, labelled, forms);
    return success(value);
  });
}

val image_masks_value(const std::vector<ImageMask>& masks, int low_res_size, int width, int height, val forms) {
  val values = val::array();
  std::vector<std::uint8_t> bitmap(static_cast<std::size_t>(width) * height);
  for (std::size_t i = 0; i < masks.size(); ++i) {
    threshold_upsampled(masks[i].logits, low_res_size, low_res_size, width, height, 0, bitmap);
    val value = val::object();
    value.set("iou", masks[i].iou);
    value.set("refinement", copy_floats(masks[i].refinement));
    const Rows rows = rows_of(set_rle(value, rle_encode(bitmap, width, height)));
    set_bitmap_forms(value, bitmap, width, rows, forms);
    set_matte(value, masks[i].logits, low_res_size, width, height, forms);
    values.set(i, value);
  }
  return values;
}

val header_line(val header) {
  return guarded([&] {
    MaskletsHeader line;
    line.input = string_or(header, "input", "");
    line.model = string_or(header, "model", "");
    line.input_size = int_or(header, "inputSize", 0);
    line.clip = clip_of(header["clip"]);
    const val scaled_from = header["scaledFrom"];
    if (!scaled_from.isUndefined()) line.scaled_from = {int_or(scaled_from, "width", 0), int_or(scaled_from, "height", 0)};
    line.direction = string_or(header, "direction", "forward");
    const val prompts = header["prompts"];
    for (int i = 0; i < prompts["length"].as<int>(); ++i) line.prompts.push_back(prompt_of(prompts[i]));
    return success(val(masklets_header_line(line)));
  });
}

val frame_line(val frame, double time_s, val clip) {
  return guarded([&] {
    std::vector<MaskletsObject> objects;
    const val given = frame["objects"];
    for (int i = 0; i < given["length"].as<int>(); ++i) {
      auto object = object_of(given[i], clip_of(clip));
      if (!object) return failure(object.error());
      objects.push_back(std::move(*object));
    }
    return success(val(masklets_frame_line(int_or(frame, "frame", 0), time_s, objects)));
  });
}

std::string end_line(int frames, const std::string& reason) { return masklets_end_line(frames, reason); }

val iou_of(val clip, const std::string& a, const std::string& b) {
  return guarded([&] {
    const Clip size = clip_of(clip);
    const auto first = rle_from_string(size.width, size.height, a), second = rle_from_string(size.width, size.height, b);
    if (!first) return failure(first.error());
    if (!second) return failure(second.error());
    const auto iou = rle_iou(*first, *second);
    return iou ? success(val(*iou)) : failure(iou.error());
  });
}

val synth_frame(val clip, int frame) {
  return guarded([&] {
    SynthOptions options;
    options.width = int_or(clip, "width", options.width);
    options.height = int_or(clip, "height", options.height);
    options.objects = int_or(clip, "objects", options.objects);
    options.seed = static_cast<std::uint32_t>(int_or(clip, "seed", 1));
    const auto drawn = SynthClip::create(options);
    if (!drawn) return failure(drawn.error());
    if (frame < 0) return failure({ErrorCode::frame_out_of_range, "frame " + std::to_string(frame) + " is before 0"});
    const std::size_t pixels = static_cast<std::size_t>(options.width) * options.height;
    std::vector<std::uint8_t> rgb(3 * pixels), ids(pixels);
    drawn->render(frame, rgb, ids);
    return success(copy_bytes(std::span<const std::uint8_t>(rgb)));
  });
}

}  // namespace masklet::wasm
