// Instant: one moment on both clocks, taken once and handed to code that decides.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace yurt::agent {

struct Instant {
  std::int64_t wall_ns = 0;    // for records that people read
  std::int64_t steady_ns = 0;  // for deadlines

  [[nodiscard]] static Instant now(const Clock& clock) {
    return {clock.wall_ns(), clock.steady_ns()};
  }
};

}  // namespace yurt::agent
