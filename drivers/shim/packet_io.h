// Packets of the shim's connections (shim/protocol.h) on the agent's side. Thread-safe: a packet
// is one system call.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "drivers/shim/protocol.h"

namespace yurt::drivers {

// A folder's socket, connected to whatever shim listens there; its path may be of any length.
// unavailable when nobody listens.
[[nodiscard]] Result<UniqueFd> connect_to_shim(int state_folder_fd);
[[nodiscard]] Result<UniqueFd> listen_for_agents(int state_folder_fd);

// Never blocks: a shim that does not read is unavailable.
[[nodiscard]] Status send_packet(int fd, shim::PacketType type, std::string_view payload,
                                 std::span<const int> fds = {});

template <typename T>
[[nodiscard]] std::string_view as_payload(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

struct Packet {
  shim::PacketType type{};
  std::string payload;
};

// One packet. nullopt: nothing there now. unavailable: the shim has closed the connection.
[[nodiscard]] Result<std::optional<Packet>> receive_packet(int fd);

}  // namespace yurt::drivers
