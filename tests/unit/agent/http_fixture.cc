#include "tests/unit/agent/http_fixture.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace yurt::agent {

HttpFixture::HttpFixture() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::listen(listener_.get(), 16);
  socklen_t size = sizeof address;
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

HttpFixture::~HttpFixture() {
  stopping_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
}

void HttpFixture::serve(const std::string& path, Answer answer) {
  const std::lock_guard lock(mutex_);
  answers_[path] = std::move(answer);
}

std::string HttpFixture::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<std::string> HttpFixture::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void HttpFixture::run() {
  while (!stopping_) {
    const UniqueFd connection(::accept(listener_.get(), nullptr, nullptr));
    if (connection.valid()) answer(connection.get());
  }
}

void HttpFixture::answer(int fd) {
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n <= 0) return;
    request.append(buffer, static_cast<std::size_t>(n));
  }
  const std::size_t from = request.find(' ') + 1;
  std::string path = request.substr(from, request.find(' ', from) - from);
  path = path.substr(0, path.find('?'));
  Answer found{.status = 404, .body = "nothing here", .location = {}};
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    if (const auto known = answers_.find(path); known != answers_.end()) {
      if (known->second.failures_first > 0) {
        --known->second.failures_first;
        found.status = 503;
      } else {
        found = known->second;
      }
    }
  }
  std::string reply =
      "HTTP/1.1 " + std::to_string(found.status) + " Answer\r\nConnection: close\r\n";
  if (!found.location.empty()) reply += "Location: " + found.location + "\r\n";
  reply += "Content-Length: " + std::to_string(found.body.size()) + "\r\n\r\n" + found.body;
  std::size_t sent = 0;
  while (sent < reply.size()) {
    const ssize_t n = ::send(fd, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;
    sent += static_cast<std::size_t>(n);
  }
}

}  // namespace yurt::agent
