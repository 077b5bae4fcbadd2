#include "native/media/png_file.h"

#include <png.h>

#include <array>
#include <csetjmp>
#include <cstring>

#include "core/mask/davis_palette.h"
#include "native/host/atomic_file.h"
#include "native/host/file_source.h"

namespace masklet::native {
namespace {

/// What libpng's callbacks share with their callers. libpng leaves by longjmp, so the functions that call
/// setjmp own nothing: every buffer belongs to their caller.
struct PngFailure {
  std::string message;
};

void note_error(png_structp png, png_const_charp message) {
  static_cast<PngFailure*>(png_get_error_ptr(png))->message = message;
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

// Writing
// ------------------------------------------------------------------------------------------------------------

struct PngImage {
  int width = 0, height = 0;
  bool indexed = false;
  std::vector<png_bytep> rows;
};

void append_bytes(png_structp png, png_bytep data, png_size_t size) {
  auto& out = *static_cast<std::vector<std::byte>*>(png_get_io_ptr(png));
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  out.insert(out.end(), bytes, bytes + size);
}

void set_davis_palette(png_structp png, png_infop info) {
  png_color palette[256];
  for (int id = 0; id < 256; ++id) {
    const std::array<std::uint8_t, 3> rgb = davis_colour(static_cast<std::uint8_t>(id));
    palette[id] = {rgb[0], rgb[1], rgb[2]};
  }
  png_set_PLTE(png, info, palette, 256);
}

bool encode_into(png_structp png, png_infop info, PngImage& image, std::vector<std::byte>& out) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_write_fn(png, &out, append_bytes, nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height), 8,
               image.indexed ? PNG_COLOR_TYPE_PALETTE : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (image.indexed) set_davis_palette(png, info);
  png_set_compression_level(png, 3);  // a third of the time of the default for a few percent of size
  png_write_info(png, info);
  png_write_image(png, image.rows.data());
  png_write_end(png, info);
  return true;
}

Status write(const std::string& path, PngImage& image) {
  PngFailure failure;
  std::vector<std::byte> bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &failure, note_error, ignore_warning);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  const bool encoded = info && encode_into(png, info, image, bytes);
  png_destroy_write_struct(&png, &info);
  if (!encoded) return Error{ErrorCode::io_failed, "'" + path + "' cannot be encoded: " + failure.message};
  return write_file(path, bytes);
}

/// libpng takes rows by pointers to bytes that it does not change.
png_bytep row_pointer(const std::uint8_t* row) {
  return const_cast<png_bytep>(row);
}

// Reading
// ------------------------------------------------------------------------------------------------------------

struct PngInput {
  const std::string& bytes;
  std::size_t at = 0;
};

void take_bytes(png_structp png, png_bytep data, png_size_t size) {
  auto& input = *static_cast<PngInput*>(png_get_io_ptr(png));
  if (size > input.bytes.size() - input.at) png_error(png, "the file is cut short");
  std::memcpy(data, input.bytes.data() + input.at, size);
  input.at += size;
}

struct PngHeader {
  int colour_type = 0;
  int bits = 0;
};

bool read_header(png_structp png, png_infop info, PngInput& input, LabelImage& image, PngHeader& header) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_read_fn(png, &input, take_bytes);
  png_read_info(png, info);
  image.width = static_cast<int>(png_get_image_width(png, info));
  image.height = static_cast<int>(png_get_image_height(png, info));
  header = {png_get_color_type(png, info), png_get_bit_depth(png, info)};
  return true;
}

bool read_rows(png_structp png, png_infop info, bool indexed, std::vector<png_bytep>& rows) {
  if (setjmp(png_jmpbuf(png))) return false;
  if (indexed) {
    png_set_packing(png);
  } else {
    png_set_expand_gray_1_2_4_to_8(png);
  }
  png_read_update_info(png, info);
  png_read_image(png, rows.data());
  return true;
}

Result<LabelImage> decode(png_structp png, png_infop info, PngInput& input, const std::string& path,
                          const PngFailure& failure) {
  const auto corrupt = [&] {
    return Error{ErrorCode::corrupt_file, "'" + path + "' cannot be decoded: " + failure.message};
  };
  LabelImage image;
  PngHeader header;
  if (!read_header(png, info, input, image, header)) return corrupt();
  image.indexed = header.colour_type == PNG_COLOR_TYPE_PALETTE;
  if ((!image.indexed && header.colour_type != PNG_COLOR_TYPE_GRAY) || header.bits > 8)
    return Error{ErrorCode::unsupported_file, "'" + path +
                                                  "' is a PNG with colours, transparency or 16 bits; a mask "
                                                  "file is an indexed or grey PNG of at most 8 bits"};
  image.labels.resize(static_cast<std::size_t>(image.width) * image.height);
  std::vector<png_bytep> rows;
  for (int y = 0; y < image.height; ++y)
    rows.push_back(image.labels.data() + static_cast<std::size_t>(y) * image.width);
  if (!read_rows(png, info, image.indexed, rows)) return corrupt();
  return image;
}

}  // namespace

Status write_png(const std::string& path, const ImageView& image) {
  PngImage out{image.width, image.height, false, {}};
  for (int y = 0; y < image.height; ++y) out.rows.push_back(row_pointer(image.row(y)));
  return write(path, out);
}

Status write_label_png(const std::string& path, std::span<const std::uint8_t> labels, int width, int height) {
  PngImage out{width, height, true, {}};
  for (int y = 0; y < height; ++y)
    out.rows.push_back(row_pointer(labels.data() + static_cast<std::size_t>(y) * width));
  return write(path, out);
}

Result<LabelImage> read_label_png(const std::string& path) {
  MASKLET_ASSIGN(const std::string bytes, read_text_file(path));
  if (bytes.size() < 8 || png_sig_cmp(reinterpret_cast<png_const_bytep>(bytes.data()), 0, 8) != 0)
    return Error{ErrorCode::unsupported_file,
                 "'" + path + "' is not a PNG file; a mask file is an indexed or grey PNG"};
  PngFailure failure;
  PngInput input{bytes};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &failure, note_error, ignore_warning);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  Result<LabelImage> image =
      info ? decode(png, info, input, path, failure)
           : Result<LabelImage>(Error{ErrorCode::out_of_memory, "libpng could not start"});
  png_destroy_read_struct(&png, &info, nullptr);
  return image;
}

}  // namespace masklet::native
