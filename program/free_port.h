// A TCP port that nobody else will take before it is listened on.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace yurt::program {

struct HeldPort {
  int port = 0;
  // Bound, with SO_REUSEPORT, and not listening; close it once the real listener is there.
  UniqueFd holder;
};

// `port` 0 picks a free one. io when it is taken.
[[nodiscard]] Result<HeldPort> hold_port(const std::string& address, int port);

}  // namespace yurt::program
