#pragma once

#include <new>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/coroutine.h"
#include "core/mask/image.h"
#include "core/tracking/step.h"

namespace masklet {

/// The clip ended before the frame that was asked for.
struct EndOfClip {};

/// What the host answered: nothing (FrameReady), a frame or the clip's end, a network's outputs, or an error.
using Answer = std::variant<std::monostate, ImageView, EndOfClip, std::vector<Tensor>, Error>;

/// Runs nested coroutines and stops where one of them waits for the host. The chain of suspended calls is an
/// explicit stack: no symmetric transfer, which WebAssembly cannot do without tail calls.
class StepMachine {
 public:
  bool waiting() const { return waiting_; }
  const Step& step() const { return step_; }

  /// Goes on with the host's answer until the next step, or until the chain is empty.
  void answer(Answer answer) {
    answer_ = std::move(answer);
    waiting_ = false;
    run();
  }

  void run() {
    while (!waiting_ && !stack_.empty()) stack_.back().resume();
  }

  /// Forgets the chain; the coroutines themselves belong to their Task.
  void clear() {
    stack_.clear();
    waiting_ = false;
  }

  void push(std::coroutine_handle<> handle) { stack_.push_back(handle); }
  void pop() { stack_.pop_back(); }

  void wait_for(Step step) {
    step_ = std::move(step);
    waiting_ = true;
  }
  Answer take_answer() { return std::move(answer_); }

 private:
  std::vector<std::coroutine_handle<>> stack_;
  Step step_;
  Answer answer_;
  bool waiting_ = false;
};

/// A lazy coroutine that ends in a Result or Status. It owns its frame: destroying the outermost task destroys the
/// whole chain, wherever it is suspended.
template <class T>
class Task {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  struct promise_type {
    StepMachine* machine = nullptr;
    std::optional<T> value;

    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept {
      machine->pop();
      return {};
    }
    template <class U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
    void unhandled_exception() {
      try {
        throw;
      } catch (const std::bad_alloc&) {
        value.emplace(Error{ErrorCode::out_of_memory,
                            "core could not allocate memory for this step; close other sessions, keep fewer frames "
                            "in history or raise the memory limit"});
      }
    }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, Handle())) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  /// Puts the outermost task on a machine; machine.run() starts it.
  void start(StepMachine& machine) {
    handle_.promise().machine = &machine;
    machine.push(handle_);
  }
  bool done() const { return handle_.done(); }
  T take() { return std::move(*handle_.promise().value); }

  bool await_ready() const noexcept { return false; }
  template <class Parent>
  void await_suspend(std::coroutine_handle<Parent> parent) {
    start(*parent.promise().machine);
  }
  T await_resume() { return take(); }

 private:
  explicit Task(Handle handle) : handle_(handle) {}
  Handle handle_;
};

/// co_await wait_for(machine, step): suspends the whole chain and gives the host's answer.
struct WaitForHost {
  StepMachine& machine;
  Step step;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) { machine.wait_for(std::move(step)); }
  Answer await_resume() { return machine.take_answer(); }
};

}  // namespace masklet

// co_return's the error of a Result or Status; the coroutine's form of MASKLET_TRY.
#define MASKLET_CO_TRY(expression)                                      \
  do {                                                                  \
    if (auto&& co_try_status = (expression); !co_try_status.ok())       \
      co_return ::masklet::Error(co_try_status.error());                \
  } while (false)
