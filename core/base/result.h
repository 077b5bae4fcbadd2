#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/base/error.h"

namespace masklet {

/// A value or the error that kept it from being made. Core reports every failure this way and never throws
/// across its boundary.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

/// Success, or the error that prevented it.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace masklet

// Leaves the enclosing function with the error of a failed Status or Result expression.
#define MASKLET_TRY(expression)                            \
  do {                                                     \
    if (auto&& try_status = (expression); !try_status.ok()) \
      return ::masklet::Error(try_status.error());         \
  } while (false)

#define MASKLET_CONCAT_INNER(a, b) a##b
#define MASKLET_CONCAT(a, b) MASKLET_CONCAT_INNER(a, b)

// Declares `declaration` with the value of a Result expression, or leaves the function with its error.
#define MASKLET_ASSIGN(declaration, expression)                                   \
  auto MASKLET_CONCAT(assign_result_, __LINE__) = (expression);                   \
  if (!MASKLET_CONCAT(assign_result_, __LINE__).ok())                             \
    return ::masklet::Error(MASKLET_CONCAT(assign_result_, __LINE__).error());    \
  declaration = std::move(*MASKLET_CONCAT(assign_result_, __LINE__))
