#pragma once

namespace masklet {

/// std::bit_cast, which Emscripten's libc++ lacks; every compiler here has the builtin.
template <class To, class From>
constexpr To bit_cast(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}

}  // namespace masklet
