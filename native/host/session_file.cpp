#include "native/host/session_file.h"

#include <filesystem>

#include "core/weights/fingerprint.h"
#include "native/host/atomic_file.h"
#include "native/host/file_source.h"
#include "native/output/folders.h"

namespace masklet::native {
namespace {

namespace fs = std::filesystem;

Result<std::string> fingerprint_of(const std::string& path) {
  if (!fs::is_regular_file(path)) return std::string();
  MASKLET_ASSIGN(const std::shared_ptr<ByteSource> source, open_file(path));
  return fingerprint(*source);
}

}  // namespace

Result<SavedSession> open_session(const std::string& path) {
  SavedSession saved;
  MASKLET_ASSIGN(saved.source, open_file(path));
  MASKLET_ASSIGN(saved.details, load_details(saved.source));
  MASKLET_ASSIGN(saved.lines, split_frame_lines(saved.details.results));
  return saved;
}

Result<SessionDetails> describe_files(const std::string& clip_path, const ModelOptions& model) {
  SessionDetails details;
  details.clip_name = last_name(clip_path);
  MASKLET_ASSIGN(details.clip_fingerprint, fingerprint_of(clip_path));
  details.model_name = last_name(model.path);
  MASKLET_ASSIGN(const std::string weights, find_weights(model.path));
  MASKLET_ASSIGN(details.model_fingerprint, fingerprint_of(weights));
  return details;
}

Status write_session(const std::string& path, const SessionState& state, const Architecture& architecture,
                     const SessionDetails& details) {
  MASKLET_ASSIGN(AtomicFile file, AtomicFile::create(path));
  const auto sink = [&file](std::span<const std::byte> bytes) { return file.write(bytes); };
  MASKLET_TRY(save_state(state, architecture, sink, details));
  return file.commit();
}

}  // namespace masklet::native
