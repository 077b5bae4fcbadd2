// Any bytes as a saved session: nothing but errors may come of them. What loads is saved as something that
// loads as the same bytes again, and can be gone on with on a host whose networks answer zeros.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "core/tracking/session.h"
#include "core/tracking/snapshot.h"
#include "tests/core/small_model.h"

using namespace masklet;

namespace {

const Model& model() {
  static const Model model = tracking_test::small_model();
  return model;
}

Result<SessionState> load(std::vector<std::byte> bytes) {
  return load_state(std::make_shared<MemorySource>(std::move(bytes)), model().architecture);
}

std::vector<std::byte> save(const SessionState& state) {
  std::vector<std::byte> bytes;
  const Status saved = save_state(state, model().architecture, [&](std::span<const std::byte> part) {
    bytes.insert(bytes.end(), part.begin(), part.end());
    return Status();
  });
  if (!saved) std::abort();
  return bytes;
}

void answer(Session& session, const Clip& clip) {
  if (std::holds_alternative<NeedFrame>(session.next())) {
    const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(clip.width) * clip.height * 3);
    if (!session.resume(packed_image(pixels.data(), clip.width, clip.height)).ok()) std::abort();
  } else if (const auto* run = std::get_if<RunNetwork>(&session.next())) {
    std::vector<Tensor> outputs;
    for (const NetworkOutput& output : run->outputs) {
      if (!output.keep_as) outputs.emplace_back(DType::f32, output.shape);
    }
    if (!session.resume(std::move(outputs)).ok()) std::abort();
  } else if (!session.resume().ok()) {
    std::abort();
  }
}

void go_on(SessionState state) {
  constexpr int kMaxPixels = 1 << 16, kMaxSteps = 40;
  const Clip clip = state.clip;
  Result<std::unique_ptr<Session>> session = Session::restore(model(), std::move(state));
  if (!session || static_cast<std::int64_t>(clip.width) * clip.height > kMaxPixels) return;
  Session& s = **session;
  if (!s.continue_propagation().ok()) static_cast<void>(s.propagate({}).ok());
  for (int i = 0; i < kMaxSteps && s.busy(); ++i) answer(s, clip);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span<const std::uint8_t>(data, size));
  Result<SessionState> state = load({bytes.begin(), bytes.end()});
  if (!state) return 0;
  const std::vector<std::byte> once = save(*state);
  const Result<SessionState> again = load(once);
  if (!again || save(*again) != once) std::abort();
  go_on(std::move(*state));
  return 0;
}
