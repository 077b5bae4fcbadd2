#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/tracking/snapshot.h"
#include "native/host/atomic_file.h"
#include "native/host/file_source.h"
#include "native/host/script_runner.h"
#include "native/host/trace.h"

// A relay hands a session from process to process. What one hands to the next lies in a folder: the session, the
// index of the script's next call (absent before the first runner, the number of calls after the last), and the
// tensors of each leg.

namespace masklet::native {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSessionFile = "session.safetensors";
constexpr const char* kCursorFile = "cursor";
constexpr const char* kLegFile = "leg.safetensors";

Result<std::size_t> read_cursor(const fs::path& folder) {
  if (!fs::exists(folder / kCursorFile)) return std::size_t{0};
  MASKLET_ASSIGN(const std::string text, read_text_file((folder / kCursorFile).string()));
  return static_cast<std::size_t>(std::strtoull(text.c_str(), nullptr, 10));
}

/// Session first, cursor last: a cursor never runs ahead of its session.
Status hand_over(const Session& session, const Architecture& architecture, std::size_t cursor, const fs::path& folder) {
  MASKLET_ASSIGN(const SessionState* state, session.state());
  MASKLET_ASSIGN(AtomicFile file, AtomicFile::create((folder / kSessionFile).string()));
  MASKLET_TRY(
      save_state(*state, architecture, [&](std::span<const std::byte> bytes) { return file.write(bytes); }));
  MASKLET_TRY(file.commit());
  const std::string text = std::to_string(cursor);
  return write_file((folder / kCursorFile).string(), std::as_bytes(std::span(text)));
}

/// A folder that goes with its owner.
class ScratchFolder {
 public:
  static Result<ScratchFolder> create() {
    std::string pattern = (fs::temp_directory_path() / "masklet-relay-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
      return Error{ErrorCode::io_failed, "a temporary folder '" + pattern + "' cannot be made"};
    return ScratchFolder(pattern);
  }
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit ScratchFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

Status run_process(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t child = 0;
  if (const int failure = ::posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, argv.data(), environ))
    return Error{ErrorCode::io_failed, "a process for the next leg cannot be started, error " + std::to_string(failure)};
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return Error{ErrorCode::runtime_failed, "a leg of the relay failed; its own message stands above"};
}

Status append_leg(const fs::path& file, TensorList& all) {
  MASKLET_ASSIGN(const std::shared_ptr<ByteSource> source, open_file(file.string()));
  MASKLET_ASSIGN(const std::unique_ptr<Checkpoint> leg, open_checkpoint(source));
  for (const TensorInfo& info : leg->tensors()) {
    MASKLET_ASSIGN(Tensor tensor, leg->read(info.name));
    all.push_back({info.name, std::move(tensor)});
  }
  return {};
}

}  // namespace

Status run_relay_leg(const std::string& script_path, const ModelOptions& options, const std::string& relay_folder) {
  const fs::path folder = relay_folder;
  TensorList tensors;
  MASKLET_ASSIGN(const std::unique_ptr<ScriptRunner> runner, ScriptRunner::open(script_path, options, tensors));
  MASKLET_ASSIGN(const std::size_t cursor, read_cursor(folder));
  if (runner->script().is_image_mode())
    return Error{ErrorCode::invalid_argument, "a script of image calls has no session to hand on; trace it directly"};
  if (cursor >= runner->script().calls.size())
    return Error{ErrorCode::invalid_state, "the script is over; there is no leg left to run"};
  const Architecture& architecture = runner->model().architecture;
  if (fs::exists(folder / kSessionFile)) {
    MASKLET_ASSIGN(const std::shared_ptr<ByteSource> source, open_file((folder / kSessionFile).string()));
    MASKLET_ASSIGN(SessionState state, load_state(source, architecture));
    MASKLET_TRY(runner->restore(std::move(state)));
  }

  // A propagation stops at its first frame: the next process goes on from there.
  bool stopped = false;
  const auto on_frame = [&](const FrameResult&) -> Status {
    MASKLET_ASSIGN(const SessionState* state, runner->session().state());
    if (!state->propagation) return {};
    MASKLET_TRY(hand_over(runner->session(), architecture, cursor, folder));
    stopped = true;
    return Error{ErrorCode::cancelled, "the leg is over"};
  };
  const Status status = runner->run_call(cursor, on_frame);
  if (!stopped) {
    MASKLET_TRY(status);
    MASKLET_TRY(hand_over(runner->session(), architecture, cursor + 1, folder));
  }
  return write_tensors((folder / kLegFile).string(), tensors);
}

Status trace_by_relay(const std::string& script_path, const ModelOptions& options, const std::string& output_path) {
  MASKLET_ASSIGN(const std::string text, read_text_file(script_path));
  MASKLET_ASSIGN(const Script script, parse_script(text));
  MASKLET_ASSIGN(const ScratchFolder folder, ScratchFolder::create());
  std::vector<std::string> leg = {"masklet", "trace", script_path, "--model", options.path, "-o",
                                  output_path, "--relay-leg", folder.path().string()};
  if (!options.architecture_path.empty()) leg.insert(leg.end(), {"--architecture", options.architecture_path});
  if (options.image_size) leg.insert(leg.end(), {"--input-size", std::to_string(options.image_size)});
  leg.insert(leg.end(), {"--attention-chunk", std::to_string(options.graph.attention_chunk), "--threads",
                         std::to_string(options.runtime.threads), "--dtype",
                         std::string(weight_storage_name(options.graph.weights))});
  TensorList all;
  for (std::size_t cursor = 0; cursor < script.calls.size();) {
    MASKLET_TRY(run_process(leg));
    MASKLET_TRY(append_leg(folder.path() / kLegFile, all));
    MASKLET_ASSIGN(cursor, read_cursor(folder.path()));
  }
  return write_tensors(output_path, all);
}

}  // namespace masklet::native
