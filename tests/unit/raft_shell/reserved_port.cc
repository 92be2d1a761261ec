#include "tests/unit/raft_shell/reserved_port.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/assert.h"

namespace yurt::raft::testing {

ReservedPort::ReservedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  YURT_ASSERT(::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof name;
  YURT_ASSERT(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&name), length) == 0);
  YURT_ASSERT(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name), &length) == 0);
  address_ = "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
}

}  // namespace yurt::raft::testing
