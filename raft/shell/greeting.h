// Greeting: who a server is and to which cluster it belongs, as both ends of a connection tell each
// other before anything else, and the rule by which a stranger is turned away. Values.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "raft/peer.h"

namespace yurt::raft {

struct Greeting {
  std::string cluster_id;
  PeerId from = 0;
  PeerId to = 0;
  std::string address;  // where `from` can be reached
};

// Whether to talk with whoever greets so. permission_denied with a sentence for the log of both
// sides. May write to disk. Thread-safe.
using Doorkeeper = std::function<Status(const Greeting&)>;

}  // namespace yurt::raft
