// Any text as a script: nothing but errors may come of it. What parses is prompted into a session, whose
// checks must hold whatever the numbers are; every operation that begins is cancelled at its first step.

#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>

#include "core/script/script.h"
#include "tests/core/small_model.h"

using namespace masklet;

namespace {

constexpr int kFrames = 6;
constexpr std::size_t kMaxCalls = 50;  // begun for each script

Status begin(Session& session, const ScriptCall& call) {
  if (const auto* points = std::get_if<PointsCall>(&call)) return session.add_points(points->prompt);
  if (const auto* clear = std::get_if<ClearCall>(&call))
    return session.clear_prompts(clear->object, clear->frame);
  if (const auto* remove = std::get_if<RemoveCall>(&call)) return session.remove_object(remove->object);
  if (const auto* propagate = std::get_if<PropagateCall>(&call)) return session.propagate(propagate->request);
  return session.reset();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Model model = tracking_test::small_model();
  const Result<Script> script = parse_script({reinterpret_cast<const char*>(data), size});
  if (!script) return 0;
  static_cast<void>(script->is_image_mode());
  const Result<std::unique_ptr<Session>> session = Session::create(model, {40, 30, kFrames}, script->options);
  if (!session) return 0;
  for (std::size_t i = 0; i < script->calls.size() && i < kMaxCalls; ++i) {
    if (begin(**session, script->calls[i]).ok() && (*session)->busy())
      static_cast<void>((*session)->cancel().ok());
  }
  return 0;
}
