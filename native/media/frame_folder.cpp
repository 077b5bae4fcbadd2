#include <algorithm>
#include <cctype>
#include <filesystem>

#include "native/media/frame_source.h"
#include "native/media/image_file.h"

namespace masklet::native {
namespace {

namespace fs = std::filesystem;

bool is_image_name(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

/// Shorter digit strings are smaller numbers: "2" before "10"; names without digits fall back to the
/// alphabet.
bool numbered_before(const fs::path& a, const fs::path& b) {
  const auto digits = [](const fs::path& path) {
    std::string text;
    for (char c : path.stem().string()) {
      if (std::isdigit(static_cast<unsigned char>(c))) text += c;
    }
    text.erase(0, text.find_first_not_of('0'));
    return text;
  };
  const std::string da = digits(a), db = digits(b);
  if (da.size() != db.size()) return da.size() < db.size();
  return da != db ? da < db : a.filename() < b.filename();
}

class FrameFolder final : public FrameSource {
 public:
  FrameFolder(std::vector<fs::path> files, int width, int height, double frame_rate)
      : files_(std::move(files)), width_(width), height_(height), frame_rate_(frame_rate) {}

  int frame_count() const override { return static_cast<int>(files_.size()); }
  int width() const override { return width_; }
  int height() const override { return height_; }
  FrameOrigin origin() const override { return FrameOrigin::image_files; }
  double time_s(int frame) const override { return frame / frame_rate_; }
  std::size_t held_bytes() const override { return current_.pixels.capacity(); }

  Result<ImageView> read(int frame) override {
    if (frame < 0 || frame >= frame_count())
      return Error{ErrorCode::frame_out_of_range, "frame " + std::to_string(frame) +
                                                      " is not in the folder; it has " +
                                                      std::to_string(frame_count()) + " frames"};
    Result<RgbImage> image = read_image(files_[frame].string());
    if (!image)
      return Error{ErrorCode::broken_clip, "frame " + std::to_string(frame) + ": " + image.error().message};
    current_ = std::move(*image);
    if (current_.width != width_ || current_.height != height_)
      return Error{ErrorCode::broken_clip,
                   "'" + files_[frame].string() + "' is " + std::to_string(current_.width) + " x " +
                       std::to_string(current_.height) + " pixels; the frames before it are " +
                       std::to_string(width_) + " x " + std::to_string(height_) +
                       ", and all must have one size"};
    return current_.view();
  }

 private:
  std::vector<fs::path> files_;
  int width_, height_;
  double frame_rate_;
  RgbImage current_;
};

}  // namespace

Result<std::unique_ptr<FrameSource>> open_frame_folder(const std::string& folder,
                                                       const std::optional<std::vector<int>>& order,
                                                       double frame_rate) {
  std::error_code failure;
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
    if (is_image_name(entry.path())) files.push_back(entry.path());
  }
  if (failure) return Error{ErrorCode::io_failed, "'" + folder + "' cannot be listed: " + failure.message()};
  if (files.empty())
    return Error{ErrorCode::unsupported_file,
                 "'" + folder + "' holds no PNG or JPEG files; give a folder of frames"};
  std::sort(files.begin(), files.end(), numbered_before);
  if (order) {
    std::vector<fs::path> ordered;
    for (int index : *order) {
      if (index < 0 || index >= static_cast<int>(files.size()))
        return Error{ErrorCode::frame_out_of_range, "the order names file " + std::to_string(index) + "; '" +
                                                        folder + "' holds " + std::to_string(files.size())};
      ordered.push_back(files[index]);
    }
    if (ordered.empty()) return Error{ErrorCode::invalid_argument, "the order of frames is empty"};
    files = std::move(ordered);
  }
  MASKLET_ASSIGN(const RgbImage first, read_image(files.front().string()));
  return std::unique_ptr<FrameSource>(
      new FrameFolder(std::move(files), first.width, first.height, frame_rate));
}

}  // namespace masklet::native
