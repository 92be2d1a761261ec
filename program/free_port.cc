#include "program/free_port.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

namespace yurt::program {

Result<HeldPort> hold_port(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string service = std::to_string(port);
  const int failure = getaddrinfo(address.c_str(), service.c_str(), &hints, &found);
  if (failure != 0) {
    return Error{ErrorCode::invalid_argument,
                 "cannot listen on \"" + address + "\": " + gai_strerror(failure)};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> info(found, &freeaddrinfo);
  HeldPort out;
  out.holder.reset(::socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(out.holder.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  ::setsockopt(out.holder.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(out.holder.get(), info->ai_addr, info->ai_addrlen) != 0) {
    return system_error("cannot listen on " + address + ":" + service, errno);
  }
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  if (::getsockname(out.holder.get(), reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
    return system_error("cannot read the port of " + address, errno);
  }
  out.port =
      ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                                        : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
  return out;
}

}  // namespace yurt::program
