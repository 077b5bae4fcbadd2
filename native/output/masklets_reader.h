#pragma once

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "core/mask/rle.h"

namespace masklet::native {

/// Reads the masks of a masklets.jsonl again, one frame at a time.
class MaskletsReader {
 public:
  /// Errors: io_failed, corrupt_file.
  static Result<MaskletsReader> open(const std::string& path);

  int width() const { return width_; }
  int height() const { return height_; }

  struct Object {
    int id = 0;
    Rle rle;
  };
  /// The objects of a frame; none where the file has no line for it. Errors: corrupt_file.
  Result<std::vector<Object>> objects(int frame);

  /// Of one frame's line. Errors: corrupt_file, saying why without a file's name.
  static Result<std::vector<Object>> objects_of_line(const std::string& line, int width, int height);

 private:
  explicit MaskletsReader(std::string path) : path_(std::move(path)), file_(path_, std::ios::binary) {}
  Error corrupt(const std::string& what) const;

  std::string path_;
  std::ifstream file_;
  int width_ = 0, height_ = 0;
  std::map<int, std::streamoff> lines_;  // where each frame's begins
};

}  // namespace masklet::native
