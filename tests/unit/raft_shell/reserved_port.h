// ReservedPort: a port on loopback that stays this test's although nobody listens on it, since gRPC
// may share it (SO_REUSEPORT) and nobody else gets it.
#pragma once

#include <string>

#include "base/unique_fd.h"

namespace yurt::raft::testing {

class ReservedPort {
 public:
  ReservedPort();
  // host:port
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  std::string address_;
  UniqueFd socket_;
};

}  // namespace yurt::raft::testing
