// Positions, terms and servers: the words that the consensus facade and its core share.
#pragma once

#include <cstdint>
#include <string>

namespace yurt::raft {

using Index = std::uint64_t;   // position in the log; the first entry is 1
using Term = std::uint64_t;    // election term; the first is 1
using PeerId = std::uint64_t;  // 0 means "nobody"

struct Peer {
  PeerId id = 0;
  std::string address;  // host:port of its gRPC endpoint
  bool voter = true;    // false: a learner, which receives the log and does not vote

  bool operator==(const Peer&) const = default;
};

}  // namespace yurt::raft
