#include "drivers/shim/packet_io.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace yurt::drivers {
namespace {

constexpr std::size_t max_state_packet_bytes = 4096;
constexpr int backlog = 128;

// Names of unix sockets are limited to 107 bytes; through the folder's descriptor every folder is
// near.
sockaddr_un address_in(int state_folder_fd) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path =
      "/proc/self/fd/" + std::to_string(state_folder_fd) + "/" + shim::socket_name;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

}  // namespace

Result<UniqueFd> connect_to_shim(int state_folder_fd) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return system_error("cannot create a socket", errno);
  const sockaddr_un address = address_in(state_folder_fd);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    Error error = system_error("cannot reach the task's supervisor", errno);
    error.code = ErrorCode::unavailable;
    return error;
  }
  return fd;
}

Result<UniqueFd> listen_for_agents(int state_folder_fd) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = address_in(state_folder_fd);
  if (!fd.valid() ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), backlog) != 0) {
    return system_error("cannot create the task's control socket", errno);
  }
  return fd;
}

Status send_packet(int fd, shim::PacketType type, std::string_view payload,
                   std::span<const int> fds) {
  std::array<iovec, 2> parts{
      {{&type, sizeof type}, {const_cast<char*>(payload.data()), payload.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  alignas(cmsghdr) std::array<char, CMSG_SPACE(8 * sizeof(int))> control{};
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {};
  Error error = system_error("cannot reach the task's supervisor", errno);
  error.code = ErrorCode::unavailable;
  return error;
}

Result<std::optional<Packet>> receive_packet(int fd) {
  alignas(8) std::array<char, max_state_packet_bytes> buffer;
  ssize_t got = 0;
  do {
    got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return std::optional<Packet>();
  Packet packet;
  if (got < static_cast<ssize_t>(sizeof packet.type)) {
    return Error{ErrorCode::unavailable, "the task's supervisor has closed the connection"};
  }
  std::memcpy(&packet.type, buffer.data(), sizeof packet.type);
  packet.payload.assign(buffer.data() + sizeof packet.type,
                        static_cast<std::size_t>(got) - sizeof packet.type);
  return std::optional<Packet>(std::move(packet));
}

}  // namespace yurt::drivers
