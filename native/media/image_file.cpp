#include "native/media/image_file.h"

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

// jpeglib.h needs size_t and FILE declared before it.
#include <jpeglib.h>
#include <png.h>

namespace masklet::native {
namespace {

Error corrupt(const std::string& path, const std::string& why) {
  return {ErrorCode::corrupt_file, "'" + path + "' cannot be decoded: " + why};
}

Result<RgbImage> decode_png(const std::string& path, const std::vector<std::uint8_t>& bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size())) return corrupt(path, image.message);
  image.format = PNG_FORMAT_RGB;
  RgbImage out{static_cast<int>(image.width), static_cast<int>(image.height), {}};
  out.pixels.resize(PNG_IMAGE_SIZE(image));
  // Transparent pixels keep their colour: they are laid over black only where the file gives no other background.
  png_color background{};
  if (!png_image_finish_read(&image, &background, out.pixels.data(), 0, nullptr)) return corrupt(path, image.message);
  return out;
}

struct JpegFailure {
  jpeg_error_mgr manager;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void jump_out(j_common_ptr info) {
  auto* failure = reinterpret_cast<JpegFailure*>(info->err);
  failure->manager.format_message(info, failure->message);
  std::longjmp(failure->jump, 1);
}

/// Between setjmp and longjmp only plain data changes: the pixels are allocated by the caller of this function's
/// second half through `out`, which lives outside.
bool decode_jpeg_into(const std::vector<std::uint8_t>& bytes, RgbImage& out, JpegFailure& failure) {
  jpeg_decompress_struct info{};
  info.err = jpeg_std_error(&failure.manager);
  failure.manager.error_exit = jump_out;
  failure.manager.output_message = [](j_common_ptr) {};
  if (setjmp(failure.jump)) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, bytes.data(), bytes.size());
  jpeg_read_header(&info, TRUE);
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  out.width = static_cast<int>(info.output_width);
  out.height = static_cast<int>(info.output_height);
  out.pixels.resize(static_cast<std::size_t>(out.width) * out.height * 3);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = out.pixels.data() + static_cast<std::size_t>(info.output_scanline) * out.width * 3;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return true;
}

}  // namespace

Result<RgbImage> read_image(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::io_failed, "'" + path + "' cannot be opened: " + std::strerror(errno)};
  const std::vector<std::uint8_t> bytes((std::istreambuf_iterator<char>(file)), {});
  constexpr std::uint8_t png_magic[] = {0x89, 'P', 'N', 'G'}, jpeg_magic[] = {0xff, 0xd8};
  const auto starts_with = [&](const auto& magic) {
    return bytes.size() >= std::size(magic) && std::equal(std::begin(magic), std::end(magic), bytes.begin());
  };
  if (starts_with(png_magic)) return decode_png(path, bytes);
  if (starts_with(jpeg_magic)) {
    RgbImage image;
    JpegFailure failure{};
    if (!decode_jpeg_into(bytes, image, failure)) return corrupt(path, failure.message);
    return image;
  }
  return Error{ErrorCode::unsupported_file, "'" + path + "' is neither PNG nor JPEG"};
}

}  // namespace masklet::native
