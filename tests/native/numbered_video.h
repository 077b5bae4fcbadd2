#pragma once

#include <cstdint>
#include <string>

#include "core/mask/image.h"

namespace masklet::native::testing {

/// Encodes a video with the ffmpeg command, each of whose pictures shows its number in large black and white squares,
/// which survive any compression. `how` are ffmpeg's options between input and output.
void write_numbered_video(const std::string& path, int frames, const std::string& how, int width = 64, int height = 48);

/// The number that a picture shows.
int number_in(const ImageView& image);

/// Runs a command of the shell and requires that it succeeds.
void run_command(const std::string& command);

/// Makes a copy of a file's first bytes.
void write_beginning(const std::string& from, const std::string& to, double share);

}  // namespace masklet::native::testing
