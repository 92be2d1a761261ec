#include "bench/machine/held_port.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/assert.h"

namespace yurt::bench {

HeldPort hold_port() {
  HeldPort out;
  out.holder.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int fd = out.holder.get();
  const int on = 1;
  YURT_ASSERT(::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof name;
  YURT_ASSERT(::bind(fd, reinterpret_cast<sockaddr*>(&name), length) == 0);
  YURT_ASSERT(::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) == 0);
  out.port = ntohs(name.sin_port);
  out.address = "127.0.0.1:" + std::to_string(out.port);
  return out;
}

}  // namespace yurt::bench
