#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/error.h"
#include "core/base/result.h"
#include "core/base/tensor.h"
#include "core/graph/network.h"
#include "core/tracking/frame_result.h"

// The contract between core and a host.
//
// Core never runs a network and never waits. A host drives a session (or an image predictor) in this loop:
//
//   1. Begin an operation: session.add_points(...), session.propagate(...), ... Its Status says whether the
//      arguments were accepted; nothing has been computed yet and nothing has changed if they were not.
//   2. Ask `const Step& step = session.next()`. Asking again without an answer gives the same step.
//   3. Do what the step says and answer it, once:
//        NeedFrame    resume(frame)    with the frame's pixels, which core reads before the call returns;
//        RunNetwork   resume(outputs)  with the outputs that the step does not ask to keep, in its order;
//        FrameReady   resume()         once the result has been taken; this is where a host may stop for a while;
//        Done         no answer        the operation is over, its status says how; the session is idle again.
//      Instead of any answer a host may say fail(error), which ends the operation with that error, or cancel(),
//      which ends it with `cancelled`. Either way frames already reported stay, and the session stays usable.
//   4. Go on with 2 until Done.
//
// An answer of another kind, of the wrong shapes, or a second answer is refused with step_mismatch or
// invalid_state and changes nothing: the step still waits for its answer.
//
// Tensors that never need to be seen by core (frame features) stay with the host under handles. The host drops the
// handles in RunNetwork::release when it takes the step, also where it then fails or cancels it, and all of a session's
// when the session closes.
//
// Outputs that are all kept need not be there when the step is answered: a host may run the image encoder beside what
// follows, answer at once, and wait where a later step takes one of the handles. Where the network then fails, it says
// fail(error) to that step. With SessionHost::encodes_ahead a session gives it the time for that; fail(error) to a frame
// or an encoding that is asked for ahead ends the operation when that frame's turn comes.

namespace masklet {

/// Names a tensor that the host keeps, so that frame features never travel through core. A session numbers its own
/// from 1 on; 0 is no handle.
using TensorHandle = std::uint32_t;

/// One input of a network: bytes from core, or a tensor that the host kept from an earlier step.
struct NetworkInput {
  std::string_view name;
  std::variant<Tensor, TensorHandle> value;
};

/// One output of a network: kept by the host under `keep_as`, or returned to core where `keep_as` is 0.
struct NetworkOutput {
  std::string_view name;
  Shape shape;
  TensorHandle keep_as = 0;
};

/// Hand over the pixels of a frame.
struct NeedFrame {
  int frame = 0;
};

/// Drop the tensors in `release`, run `network` and answer with the outputs whose `keep_as` is 0, in this order.
struct RunNetwork {
  NetworkId network = NetworkId::image_encoder;
  std::vector<NetworkInput> inputs;
  std::vector<NetworkOutput> outputs;
  std::vector<TensorHandle> release;
};

/// A frame's masks are there.
struct FrameReady {
  FrameResult result;
};

/// No operation is running; how the last one ended.
struct Done {
  Status status;
};

using Step = std::variant<Done, NeedFrame, RunNetwork, FrameReady>;

}  // namespace masklet
