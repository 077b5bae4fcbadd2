#include "native/output/masklets_file.h"

namespace masklet::native {
namespace {

Status write_line(AtomicFile& file, const std::string& line) {
  return file.write(std::as_bytes(std::span(line)));
}

}  // namespace

Result<MaskletsFile> MaskletsFile::create(const std::string& path, const MaskletsHeader& header) {
  MASKLET_ASSIGN(AtomicFile file, AtomicFile::create(path));
  MASKLET_TRY(write_line(file, masklets_header_line(header)));
  return MaskletsFile(std::move(file), header.clip);
}

Status MaskletsFile::add(int frame, const FrameMasks& masks) {
  MASKLET_TRY(write_line(file_, masklets_frame_line(frame, masklets_objects(masks, clip_))));
  ++frames_;
  return {};
}

Status MaskletsFile::finish(const std::string& reason) {
  MASKLET_TRY(write_line(file_, masklets_end_line(frames_, reason)));
  return file_.commit();
}

}  // namespace masklet::native
