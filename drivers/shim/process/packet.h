// Packets of the control connections (protocol.h) without allocation. Not thread-safe.
#pragma once

#include <cstddef>

#include "drivers/shim/protocol.h"

namespace yurt::shim {

// Sends one packet. False when the other side is gone or does not read.
bool send_packet(int fd, PacketType type, const void* payload, std::size_t size);

struct ReceivedPacket {
  PacketType type{};
  const char* payload = nullptr;  // valid until the next receive
  std::size_t size = 0;
  int fds[3] = {-1, -1, -1};  // all three or none; the receiver closes them
};

enum class Receive { packet, nothing, closed };

// Takes one packet without blocking. A malformed one counts as closed.
[[nodiscard]] Receive receive_packet(int fd, ReceivedPacket& packet);

}  // namespace yurt::shim
