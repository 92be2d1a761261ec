#include "drivers/shim/process/packet.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace yurt::shim {

bool send_packet(int fd, PacketType type, const void* payload, std::size_t size) {
  iovec parts[2] = {{&type, sizeof type}, {const_cast<void*>(payload), size}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = size > 0 ? 2 : 1;
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

Receive receive_packet(int fd, ReceivedPacket& packet) {
  alignas(8) static char buffer[max_packet_bytes];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof packet.fds)];
  iovec part{buffer, sizeof buffer};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = 0;
  do {
    got = ::recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return Receive::nothing;
  if (got <= 0) return Receive::closed;
  packet = ReceivedPacket{};
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    int fds[3];
    std::memcpy(fds, CMSG_DATA(header), count * sizeof(int));
    if (count == 3) {
      std::memcpy(packet.fds, fds, sizeof fds);
    } else {
      for (std::size_t i = 0; i < count; ++i) ::close(fds[i]);
    }
  }
  const auto size = static_cast<std::size_t>(got);
  if (size < sizeof packet.type || (message.msg_flags & MSG_TRUNC) != 0) {
    for (int given : packet.fds) {
      if (given >= 0) ::close(given);
    }
    return Receive::closed;
  }
  std::memcpy(&packet.type, buffer, sizeof packet.type);
  packet.payload = buffer + sizeof packet.type;
  packet.size = size - sizeof packet.type;
  return Receive::packet;
}

}  // namespace yurt::shim
