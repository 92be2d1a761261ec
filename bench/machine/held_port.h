// A loopback port that nobody else gets while it is held, and that gRPC can still listen on.
#pragma once

#include <string>

#include "base/unique_fd.h"

namespace yurt::bench {

struct HeldPort {
  std::string address;  // "127.0.0.1:port"
  int port = 0;
  // Bound and never listened on: a listener with SO_REUSEPORT shares it, nobody else takes it.
  UniqueFd holder;
};

[[nodiscard]] HeldPort hold_port();

}  // namespace yurt::bench
