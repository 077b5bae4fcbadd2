#include "native/runtime/runtime.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <array>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "native/runtime/capped_allocator.h"
#include "native/runtime/tensors.h"

namespace masklet::native {
namespace {

struct LoadedNetwork {
  ort::Session session;
  std::size_t given_bytes = 0;    // model and weights
  std::size_t charged_bytes = 0;  // of them, what the runtime holds outside of its allocator
  MemoryCharge charge;
};

struct KeptTensor {
  ort::Value value;
  std::size_t bytes = 0;
  MemoryCharge charge;
};

std::string name_of(NetworkId id) {
  return std::string(network_name(id));
}

int thread_count(const RuntimeOptions& options) {
  if (options.threads > 0) return options.threads;
  const unsigned cores = std::thread::hardware_concurrency();
  return cores > 0 ? static_cast<int>(cores) : 1;
}

// Runs `body`, turning the one exception that containers throw into an error.
template <class Body>
auto without_exceptions(const std::string& what, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::out_of_memory,
                 what + ": the system refused memory: close other sessions or use a smaller model"};
  }
}

// Takes the allocator out of the process's registry when it goes out of scope.
struct Unregister {
  const ort::Api& api;
  ort::OrtEnv* env;
  const ort::OrtMemoryInfo* memory;
  ~Unregister() {
    if (ort::OrtStatus* status = api.UnregisterAllocator(env, memory)) api.ReleaseStatus(status);
  }
};

Status set_entry(const ort::Api& api, ort::OrtSessionOptions* options, const char* key, const char* value) {
  return ort::take_status(api, api.AddSessionConfigEntry(options, key, value), key);
}

}  // namespace

// Declared in the order in which they depend on each other: networks and tensors go before what they were
// made with.
struct OrtRuntime::State {
  RuntimeOptions options;
  MemoryAccount own_account{nullptr};  // where the options bring none
  std::shared_ptr<const ort::Library> library;
  ort::Env env;
  ort::MemoryInfo cpu_memory;
  std::optional<CappedAllocator> allocator;
  std::array<std::optional<LoadedNetwork>, kNetworkCount> networks;
  std::map<TensorHandle, KeptTensor> kept;
  std::size_t last_bytes = 0;  // that the last load or run held on top of what was there before

  const ort::Api& api() const { return library->api; }
  MemoryAccount& account() { return options.account ? *options.account : own_account; }
  std::optional<LoadedNetwork>& network(NetworkId id) { return networks[static_cast<std::size_t>(id)]; }

  Status prepare();
  Result<ort::SessionOptions> session_options(const Network& network) const;
  Result<ort::Session> make_session(const Network& network);
  Status load(const Network& network);
  void unload(std::optional<LoadedNetwork>& network);
  Result<std::vector<Tensor>> run(const RunNetwork& step);
  Status explain(Status status);
};

Status OrtRuntime::State::prepare() {
  MASKLET_ASSIGN(library, ort::open_library(options.library_path));
  // Networks set their own log level; this one is for what happens outside of them.
  MASKLET_ASSIGN(env, ort::make<ort::Env>(api(), "environment", [&](ort::OrtEnv** out) {
                   return api().CreateEnv(ort::LogLevel::fatal, "masklet", out);
                 }));
  MASKLET_ASSIGN(cpu_memory, ort::make<ort::MemoryInfo>(api(), "memory info", [&](ort::OrtMemoryInfo** out) {
                   return api().CreateCpuMemoryInfo(ort::AllocatorType::device, ort::MemoryType::normal, out);
                 }));
  allocator.emplace(cpu_memory.get(), options.memory_limit_bytes);
  return {};
}

Result<ort::SessionOptions> OrtRuntime::State::session_options(const Network& network) const {
  const std::string what = name_of(network.id);
  MASKLET_ASSIGN(ort::SessionOptions made,
                 ort::make<ort::SessionOptions>(api(), what, [&](ort::OrtSessionOptions** out) {
                   return api().CreateSessionOptions(out);
                 }));
  ort::OrtSessionOptions* session = made.get();
  MASKLET_TRY(ort::take_status(api(), api().SetIntraOpNumThreads(session, thread_count(options)), what));
  MASKLET_TRY(
      ort::take_status(api(), api().SetSessionExecutionMode(session, ort::ExecutionMode::sequential), what));
  MASKLET_TRY(
      ort::take_status(api(), api().SetSessionGraphOptimizationLevel(session, options.optimization), what));
  MASKLET_TRY(ort::take_status(
      api(), api().SetSessionLogSeverityLevel(session, static_cast<int>(options.log_level)), what));
  if (!options.memory_pattern) MASKLET_TRY(ort::take_status(api(), api().DisableMemPattern(session), what));
  MASKLET_TRY(set_entry(api(), session, "session.intra_op.allow_spinning", options.spin ? "1" : "0"));
  MASKLET_TRY(set_entry(api(), session, "session.force_spinning_stop", "1"));
  MASKLET_TRY(set_entry(api(), session, "session.use_env_allocators", "1"));
  if (!options.pack_weights) MASKLET_TRY(set_entry(api(), session, "session.disable_prepacking", "1"));
  // Where a processor would sum int8 products in 16 bits, which overflow, it takes a slower way.
  MASKLET_TRY(set_entry(api(), session, "session.x64quantprecision", "1"));

  // Given even when empty: a model that points at weights which are not there must not be looked up on disk.
  const std::string file_name(kExternalWeights);
  const char* const name = file_name.c_str();
  static std::byte nothing;
  const std::byte* data = network.weights.empty() ? &nothing : network.weights.data();
  char* const buffer = reinterpret_cast<char*>(const_cast<std::byte*>(data));
  const std::size_t bytes = network.weights.size();
  MASKLET_TRY(ort::take_status(
      api(), api().AddExternalInitializersFromFilesInMemory(session, &name, &buffer, &bytes, 1), what));
  return made;
}

// A session takes the allocator that is registered while it is made and holds on to it. The registry is the
// process's, so registering it for just that long lets every OrtRuntime have its own.
Result<ort::Session> OrtRuntime::State::make_session(const Network& network) {
  const std::string what = "loading " + name_of(network.id);
  MASKLET_ASSIGN(const ort::SessionOptions made, session_options(network));
  static std::mutex registry;
  const std::lock_guard lock(registry);
  MASKLET_TRY(ort::take_status(api(), api().RegisterAllocator(env.get(), allocator->get()), what));
  const Unregister unregister{api(), env.get(), cpu_memory.get()};
  return ort::make<ort::Session>(api(), what, [&](ort::OrtSession** out) {
    return api().CreateSessionFromArray(env.get(), network.onnx.data(), network.onnx.size(), made.get(), out);
  });
}

// To pack weights the runtime copies them past its allocators, packs most of them anew for its kernels, through
// them, and drops those copies. So all are charged while it loads, and afterwards what did not come back as
// packed weights. Those that stay as they come go through its allocators at once.
Status OrtRuntime::State::load(const Network& network) {
  std::optional<LoadedNetwork>& slot = this->network(network.id);
  if (slot)
    return Error{ErrorCode::invalid_state, name_of(network.id) + " is loaded already: unload it first"};
  const std::size_t weight_bytes = network.weights.size();
  const std::size_t copied_bytes = options.pack_weights ? weight_bytes : 0;
  const std::size_t before_bytes = allocator->in_use_bytes();
  allocator->begin_stretch();
  if (!allocator->charge(copied_bytes))
    return Error{ErrorCode::out_of_memory, name_of(network.id) + ": its weights of " +
                                               std::to_string(weight_bytes) + " bytes and the " +
                                               std::to_string(before_bytes) +
                                               " bytes in use exceed memory_limit_bytes, " +
                                               std::to_string(options.memory_limit_bytes) +
                                               ": raise the limit, unload a network, or use smaller weights"};
  auto session = make_session(network);
  allocator->discharge(copied_bytes);
  if (!session) return explain(session.error());
  const std::size_t packed_bytes = allocator->in_use_bytes() - before_bytes;
  const std::size_t unpacked_bytes = weight_bytes > packed_bytes ? weight_bytes - packed_bytes : 0;
  (void)allocator->charge(unpacked_bytes);  // fits: all of them just did
  allocator->trim();
#ifdef __GLIBC__
  malloc_trim(0);  // the copies were malloc's, which keeps such memory otherwise: 100 MB for SAM 2.1 tiny
#endif
  last_bytes = allocator->stretch_peak_bytes() - before_bytes;
  account().touch(MemoryCategory::weights, last_bytes);
  MemoryCharge charge(account(), MemoryCategory::weights, "the runtime's weights");
  charge.set(allocator->in_use_bytes() - before_bytes);
  slot = LoadedNetwork{std::move(*session), network.onnx.size() + weight_bytes, unpacked_bytes, std::move(charge)};
  return {};
}

void OrtRuntime::State::unload(std::optional<LoadedNetwork>& network) {
  if (network) allocator->discharge(network->charged_bytes);
  network.reset();
  allocator->trim();
}

// Adds to the runtime's words on memory what they lack: value, limit and remedy.
Status OrtRuntime::State::explain(Status status) {
  const std::size_t refused = allocator->take_refused_bytes();
  if (status.ok() || status.error().code != ErrorCode::out_of_memory) return status;
  Error error = status.error();
  error.message +=
      ": " + std::to_string(refused) + " bytes asked for, " + std::to_string(allocator->in_use_bytes()) +
      " in use without this run, memory_limit_bytes is " + std::to_string(options.memory_limit_bytes) +
      ": raise it, or make the run smaller (input size, memories, chunks)";
  return error;
}

Result<std::vector<Tensor>> OrtRuntime::State::run(const RunNetwork& step) {
  const std::string what = name_of(step.network);
  for (TensorHandle handle : step.release) kept.erase(handle);
  std::optional<LoadedNetwork>& network = this->network(step.network);
  if (!network) return Error{ErrorCode::invalid_state, what + " is not loaded: load it before running it"};

  std::vector<std::string> names;  // the C API wants terminated names, a string_view need not be
  names.reserve(step.inputs.size() + step.outputs.size());
  std::vector<const char*> input_names, output_names;
  std::vector<ort::Value> views;
  std::vector<const ort::OrtValue*> inputs;
  for (const NetworkInput& input : step.inputs) {
    input_names.push_back(names.emplace_back(input.name).c_str());
    const std::string input_what = what + ": input " + names.back();
    if (const Tensor* tensor = std::get_if<Tensor>(&input.value)) {
      MASKLET_ASSIGN(ort::Value view, view_tensor(api(), cpu_memory.get(), *tensor, input_what));
      inputs.push_back(views.emplace_back(std::move(view)).get());
      continue;
    }
    const TensorHandle handle = std::get<TensorHandle>(input.value);
    const auto found = kept.find(handle);
    if (found == kept.end())
      return Error{ErrorCode::invalid_argument, input_what + " is tensor handle " + std::to_string(handle) +
                                                    ", which is not kept: it was never made or is released"};
    inputs.push_back(found->second.value.get());
  }
  for (const NetworkOutput& output : step.outputs)
    output_names.push_back(names.emplace_back(output.name).c_str());

  const std::size_t before_bytes = allocator->in_use_bytes();
  allocator->begin_stretch();
  std::vector<ort::OrtValue*> raw_outputs(step.outputs.size(), nullptr);
  std::vector<ort::Value> outputs(step.outputs.size());
  ort::OrtStatus* status =
      api().Run(network->session.get(), nullptr, input_names.data(), inputs.data(), inputs.size(),
                output_names.data(), output_names.size(), raw_outputs.data());
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] = ort::Value(raw_outputs[i], {&api()});
  last_bytes = allocator->stretch_peak_bytes() - before_bytes;
  account().touch(MemoryCategory::activations, last_bytes);
  allocator->trim();
  if (Status done = ort::take_status(api(), status, "running " + what); !done) return explain(done).error();

  std::vector<Tensor> returned;
  std::vector<std::size_t> bytes(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string output_what = what + ": output " + std::string(step.outputs[i].name);
    if (step.outputs[i].keep_as == 0) {
      MASKLET_ASSIGN(Tensor tensor, copy_tensor(api(), outputs[i].get(), output_what));
      returned.push_back(std::move(tensor));
    } else {
      MASKLET_ASSIGN(bytes[i], tensor_bytes(api(), outputs[i].get(), output_what));
    }
  }
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (const TensorHandle handle = step.outputs[i].keep_as; handle != 0) {
      MemoryCharge charge(account(), MemoryCategory::features, "frame features");
      charge.set(bytes[i]);
      kept.insert_or_assign(handle, KeptTensor{std::move(outputs[i]), bytes[i], std::move(charge)});
    }
  return returned;
}

OrtRuntime::OrtRuntime(std::unique_ptr<State> state) : state_(std::move(state)) {}
OrtRuntime::OrtRuntime(OrtRuntime&&) noexcept = default;
OrtRuntime& OrtRuntime::operator=(OrtRuntime&&) noexcept = default;
OrtRuntime::~OrtRuntime() = default;

Result<OrtRuntime> OrtRuntime::create(const RuntimeOptions& options) {
  return without_exceptions("runtime", [&]() -> Result<OrtRuntime> {
    if (options.threads < 0)
      return Error{ErrorCode::invalid_argument,
                   "threads is " + std::to_string(options.threads) + ": use 0 for all cores, or 1 and more"};
    auto state = std::make_unique<State>();
    state->options = options;
    MASKLET_TRY(state->prepare());
    return OrtRuntime(std::move(state));
  });
}

Status OrtRuntime::load(const Network& network) {
  return without_exceptions(name_of(network.id), [&] { return state_->load(network); });
}

Status OrtRuntime::unload(NetworkId id) {
  std::optional<LoadedNetwork>& network = state_->network(id);
  if (!network)
    return Error{ErrorCode::invalid_state, name_of(id) + " is not loaded: there is nothing to unload"};
  state_->unload(network);
  return {};
}

bool OrtRuntime::loaded(NetworkId id) const {
  return state_->network(id).has_value();
}

Result<std::vector<Tensor>> OrtRuntime::run(const RunNetwork& step) {
  return without_exceptions(name_of(step.network), [&] { return state_->run(step); });
}

void OrtRuntime::release(std::span<const TensorHandle> handles) {
  for (TensorHandle handle : handles) state_->kept.erase(handle);
}

void OrtRuntime::release_all() {
  state_->kept.clear();
}

Result<Tensor> OrtRuntime::read_kept(TensorHandle handle) const {
  const std::string what = "tensor handle " + std::to_string(handle);
  return without_exceptions(what, [&]() -> Result<Tensor> {
    const auto found = state_->kept.find(handle);
    if (found == state_->kept.end())
      return Error{ErrorCode::invalid_argument, what + " is not kept: it was never made or is released"};
    return copy_tensor(state_->api(), found->second.value.get(), what);
  });
}

std::size_t OrtRuntime::kept_bytes() const {
  std::size_t sum = 0;
  for (const auto& [handle, tensor] : state_->kept) sum += tensor.bytes;
  return sum;
}

std::size_t OrtRuntime::weight_bytes() const {
  std::size_t sum = 0;
  for (const auto& network : state_->networks)
    if (network) sum += network->given_bytes;
  return sum;
}

MemoryUse OrtRuntime::memory_use() const {
  return {state_->allocator->in_use_bytes(), state_->allocator->peak_bytes(), state_->last_bytes};
}

const std::string& OrtRuntime::library_version() const {
  return state_->library->version;
}
const std::string& OrtRuntime::library_path() const {
  return state_->library->path;
}

}  // namespace masklet::native
