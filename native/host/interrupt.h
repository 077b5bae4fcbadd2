#pragma once

#include <csignal>

namespace masklet::native {

/// While one is alive, Ctrl-C and SIGTERM are noted instead of ending the process; a second one ends it as
/// usual. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool raised() const;

 private:
  struct sigaction before_int_ {
  }, before_term_{};
};

}  // namespace masklet::native
