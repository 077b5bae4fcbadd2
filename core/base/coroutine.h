#pragma once

// <coroutine> where the library has it. Emscripten's libc++ has none, but its compiler has the language feature, so
// the few names that the compiler looks up are declared here over the compiler's builtins.

#if __has_include(<coroutine>)
#include <coroutine>
#else
#include <cstddef>
#include <functional>

namespace std {

template <class Result, class... Arguments>
struct coroutine_traits {
  using promise_type = typename Result::promise_type;
};

template <class Promise = void>
class coroutine_handle;

template <>
class coroutine_handle<void> {
 public:
  constexpr coroutine_handle() noexcept = default;
  static constexpr coroutine_handle from_address(void* address) noexcept {
    coroutine_handle handle;
    handle.address_ = address;
    return handle;
  }
  constexpr void* address() const noexcept { return address_; }
  explicit constexpr operator bool() const noexcept { return address_ != nullptr; }
  bool done() const noexcept { return __builtin_coro_done(address_); }
  void resume() const { __builtin_coro_resume(address_); }
  void destroy() const { __builtin_coro_destroy(address_); }

 protected:
  void* address_ = nullptr;
};

template <class Promise>
class coroutine_handle : public coroutine_handle<> {
 public:
  static coroutine_handle from_promise(Promise& promise) noexcept {
    coroutine_handle handle;
    handle.address_ = __builtin_coro_promise(&promise, alignof(Promise), true);
    return handle;
  }
  static constexpr coroutine_handle from_address(void* address) noexcept {
    coroutine_handle handle;
    handle.address_ = address;
    return handle;
  }
  Promise& promise() const {
    return *static_cast<Promise*>(__builtin_coro_promise(this->address_, alignof(Promise), false));
  }
};

struct suspend_always {
  constexpr bool await_ready() const noexcept { return false; }
  constexpr void await_suspend(coroutine_handle<>) const noexcept {}
  constexpr void await_resume() const noexcept {}
};

}  // namespace std
#endif
