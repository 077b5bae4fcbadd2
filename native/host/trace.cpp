#include "native/host/trace.h"

#include "native/host/script_runner.h"
#include "native/host/tensor_file.h"

namespace masklet::native {

Status trace(const std::string& script_path, const ModelOptions& options, const std::string& output_path,
             bool with_inputs) {
  TensorList tensors;
  MASKLET_ASSIGN(const std::unique_ptr<ScriptRunner> runner,
                 ScriptRunner::open(script_path, options, tensors, with_inputs));
  for (std::size_t i = 0; i < runner->script().calls.size(); ++i) MASKLET_TRY(runner->run_call(i, {}));
  return write_tensors(output_path, tensors);
}

}  // namespace masklet::native
