// Interrupt: ends blocking waits from another thread, once and for good. Thread-safe.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "base/unique_fd.h"

namespace yurt::drivers::docker {

class Interrupt {
 public:
  Interrupt() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  void set() {
    set_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
  }
  [[nodiscard]] bool is_set() const { return set_; }
  // Readable from set() on.
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  std::atomic<bool> set_ = false;
};

}  // namespace yurt::drivers::docker
