#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "core/tracking/host_loop.h"
#include "core/tracking/networks_runner.h"
#include "core/tracking/state.h"

namespace masklet {

/// A question about the image that was set. Coordinates are pixels of the image.
struct ImagePrompt {
  std::vector<Point> points;  ///< labels 1 and 0
  std::optional<std::array<float, 4>> box;
  /// Logits of an earlier answer, [S/4 * S/4]; empty for none.
  std::vector<float> mask_input;
  /// Three masks, for prompts that may mean several things; else one.
  bool multimask = true;
};

/// One candidate mask.
struct ImageMask {
  std::vector<float> logits;          ///< [S/4 * S/4] as decoded; upsample and threshold at 0 to show
  std::vector<float> refinement;      ///< the same, clamped to +-32, to be given back as mask_input
  float iou = 0;                      ///< the model's estimate
};

/// SAM 2 on still images: the reference's SAM2ImagePredictor. The image is resized with an antialiased bilinear
/// filter and not rounded, so the image encoder must be built with GraphOptions::float_image.
/// Driven by a host as step.h describes, but for FrameReady: answers are read with masks() after Done.
class ImagePredictor final : public HostLoop {
 public:
  /// `model` must outlive the predictor.
  explicit ImagePredictor(const Model& model) : model_(model), networks_(model, machine_) {}
  ~ImagePredictor() override { abandon(); }

  /// Computes the features of an image, which NeedFrame asks for as `frame`; prompts go to it from then on.
  Status set_image(int frame, int width, int height);

  /// Errors: invalid_state before an image is set; invalid_argument as Session::add_points, or for a mask input of
  /// another size. A prompt may be empty.
  Status predict(ImagePrompt prompt);

  /// The answer to the last predict, three masks or one, in the decoder's order.
  const std::vector<ImageMask>& masks() const { return masks_; }

 private:
  Task<Status> encode(int frame, int width, int height);
  Task<Status> decode(DecoderPrompt prompt, bool multimask);
  Status check_frame(const ImageView& frame) const override;

  const Model& model_;
  NetworksRunner networks_;
  int width_ = 0;   // of the image being set
  int height_ = 0;
  std::optional<FrameFeatures> features_;
  std::vector<ImageMask> masks_;
};

}  // namespace masklet
