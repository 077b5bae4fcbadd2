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
  return MaskletsFile(std::move(file));
}

Status MaskletsFile::add(const std::string& line) {
  MASKLET_TRY(write_line(file_, line));
  frame_ends_.push_back(file_.size());
  ++frames_;
  return {};
}

Status MaskletsFile::write_end(const std::string& reason) {
  return write_line(file_, masklets_end_line(frames_, reason));
}

Status MaskletsFile::finish(const std::string& reason) {
  // A frame whose line could not be written whole is not there.
  if (!frame_ends_.empty()) MASKLET_TRY(file_.shorten(frame_ends_.back()));
  Status ended = write_end(reason);
  while (!ended && frames_ > 1) {
    frame_ends_.pop_back();
    --frames_;
    MASKLET_TRY(file_.shorten(frame_ends_.back()));
    ended = write_end(reason.empty() ? ended.error().message : reason);
  }
  MASKLET_TRY(ended);
  return file_.commit();
}

}  // namespace masklet::native
