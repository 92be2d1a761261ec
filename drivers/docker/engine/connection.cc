#include "drivers/docker/engine/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/clock.h"

namespace yurt::drivers::docker {
namespace {

constexpr std::int64_t connect_timeout_ns = 5 * nanoseconds_per_second;

Error interrupted() { return {ErrorCode::unavailable, "the call was interrupted"}; }

}  // namespace

Result<Connection> Connection::open(const std::string& socket_path, const Interrupt& interrupt) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) {
    return Error{ErrorCode::invalid_argument,
                 "the path of the Engine's socket is too long: " + socket_path};
  }
  std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size() + 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return system_error("cannot create a socket", errno);
  Connection connection(std::move(socket), interrupt);
  const std::int64_t deadline_ns = SystemClock().steady_ns() + connect_timeout_ns;
  while (::connect(connection.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
         0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN || SystemClock().steady_ns() >= deadline_ns) {
      return Error{ErrorCode::unavailable, "the Docker Engine cannot be reached at " + socket_path +
                                               ": " + std::strerror(errno)};
    }
    // Its queue of connections is full, and a unix socket can't be polled for that.
    pollfd watched{interrupt.fd(), POLLIN, 0};
    if (::poll(&watched, 1, 10) > 0) return interrupted();
  }
  return connection;
}

Status Connection::await(short events, std::int64_t deadline_ns) const {
  while (true) {
    int timeout_ms = -1;
    if (deadline_ns != no_deadline) {
      const std::int64_t left_ns = deadline_ns - SystemClock().steady_ns();
      timeout_ms = static_cast<int>(
          std::clamp<std::int64_t>(left_ns / nanoseconds_per_millisecond + 1, 0, 3'600'000));
      if (left_ns <= 0) {
        return Error{ErrorCode::deadline_exceeded, "the Docker Engine did not answer in time"};
      }
    }
    std::array<pollfd, 2> watched{{{fd(), events, 0}, {interrupt_->fd(), POLLIN, 0}}};
    const int ready = ::poll(watched.data(), watched.size(), timeout_ms);
    if (ready < 0 && errno != EINTR) return system_error("cannot wait for the Engine", errno);
    if (ready <= 0) continue;
    if (watched[1].revents != 0) return interrupted();
    return {};
  }
}

Status Connection::write_all(std::string_view bytes, std::int64_t deadline_ns) {
  while (!bytes.empty()) {
    const ssize_t written = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      YURT_TRY(await(POLLOUT, deadline_ns));
    } else if (errno != EINTR) {
      return Error{ErrorCode::unavailable,
                   std::string("the Docker Engine closed the connection: ") + std::strerror(errno)};
    }
  }
  return {};
}

Status Connection::send(const HttpRequest& request, std::int64_t deadline_ns) {
  std::string head =
      request.method + " " + request.target + " HTTP/1.1\r\nHost: docker\r\nUser-Agent: yurt\r\n";
  for (const auto& [name, value] : request.headers) head += name + ": " + value + "\r\n";
  if (!request.body_file.empty())
    return write_all(head, deadline_ns).ok()
               ? send_file(request.body_file, deadline_ns)
               : Status(Error{ErrorCode::unavailable, "the Docker Engine went away"});
  if (!request.body.empty()) head += "Content-Type: application/json\r\n";
  if (!request.body.empty() || request.method == "POST") {
    head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  head += "\r\n";
  return write_all(head + request.body, deadline_ns);
}

Status Connection::send_file(const std::string& path, std::int64_t deadline_ns) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!file.valid() || ::fstat(file.get(), &info) != 0) {
    return system_error("cannot read " + path, errno);
  }
  YURT_TRY(write_all("Content-Type: application/x-tar\r\nContent-Length: " +
                         std::to_string(info.st_size) + "\r\n\r\n",
                     deadline_ns));
  std::vector<char> buffer(256 * 1024);
  for (std::int64_t left = info.st_size; left > 0;) {
    const auto wanted = std::min<std::int64_t>(left, static_cast<std::int64_t>(buffer.size()));
    const ssize_t got = ::read(file.get(), buffer.data(), static_cast<std::size_t>(wanted));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Error{ErrorCode::io, path + " ended while it was being read"};
    YURT_TRY(write_all({buffer.data(), static_cast<std::size_t>(got)}, deadline_ns));
    left -= got;
  }
  return {};
}

Status Connection::read_some(std::int64_t deadline_ns) {
  std::array<char, 64 * 1024> buffer;
  while (true) {
    const ssize_t got = ::recv(fd(), buffer.data(), buffer.size(), 0);
    if (got > 0) return reader_.feed({buffer.data(), static_cast<std::size_t>(got)});
    if (got == 0) return reader_.feed_end();
    if (errno == EAGAIN) {
      YURT_TRY(await(POLLIN, deadline_ns));
    } else if (errno != EINTR) {
      return Error{ErrorCode::unavailable,
                   std::string("the Docker Engine closed the connection: ") + std::strerror(errno)};
    }
  }
}

Result<int> Connection::read_head(std::int64_t deadline_ns) {
  while (!reader_.head_done()) YURT_TRY(read_some(deadline_ns));
  return reader_.status();
}

Result<std::string> Connection::read_body(std::int64_t deadline_ns) {
  std::string piece = reader_.take_body();
  while (piece.empty() && !reader_.done()) {
    YURT_TRY(read_some(deadline_ns));
    piece = reader_.take_body();
  }
  return piece;
}

}  // namespace yurt::drivers::docker
