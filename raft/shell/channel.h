// How this server's gRPC channels to other servers are made. Thread-safe.
#pragma once

#include <memory>
#include <string>

namespace grpc {
class Channel;
}

namespace yurt::raft {

// A channel with a connection of its own, that connects on first use and gives up on a silent
// address within about a second.
[[nodiscard]] std::shared_ptr<grpc::Channel> new_channel(const std::string& address);

}  // namespace yurt::raft
