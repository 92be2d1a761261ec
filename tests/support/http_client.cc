#include "tests/support/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>

#include "base/assert.h"

namespace yurt {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

HttpClient::HttpClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  YURT_ASSERT(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
}

void HttpClient::send(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto n = ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;  // the server has closed: what it said last can still be read
    sent += static_cast<std::size_t>(n);
  }
}

void HttpClient::send_request(const std::string& method, const std::string& target,
                              const std::string& body, const std::string& headers) {
  send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers +
       (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" +
       body);
}

bool HttpClient::fill() {
  char chunk[16384];
  const auto n = ::recv(socket_.get(), chunk, sizeof chunk, 0);
  if (n <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(n));
  return true;
}

std::string HttpClient::read_line() {
  std::size_t end;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!fill()) {
      end = buffer_.size();
      std::string rest = std::move(buffer_);
      buffer_.clear();
      return rest;
    }
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return line;
}

std::string HttpClient::read_bytes(std::size_t count) {
  while (buffer_.size() < count && fill()) {
  }
  std::string out = buffer_.substr(0, count);
  buffer_.erase(0, out.size());
  return out;
}

HttpResponse HttpClient::read_header() {
  HttpResponse out;
  const std::string status = read_line();
  if (status.size() > 12) out.status = std::stoi(status.substr(9, 3));
  for (std::string line = read_line(); !line.empty(); line = read_line()) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) break;
    out.header_order.push_back(line.substr(0, colon));
    out.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
  }
  return out;
}

std::string HttpClient::read_chunk() {
  const std::string size = read_line();
  if (size.empty()) return "";
  const std::size_t bytes = std::stoul(size, nullptr, 16);
  std::string out = read_bytes(bytes);
  (void)read_line();
  return out;
}

HttpResponse HttpClient::read_response(bool head) {
  HttpResponse out = read_header();
  if (head || out.status == 204 || out.status == 304) {
    out.complete = true;
  } else if (out.header("transfer-encoding") == "chunked") {
    while (true) {
      const bool gone = buffer_.empty() && !fill();
      if (gone) return out;
      const std::string chunk = read_chunk();
      if (chunk.empty()) break;
      out.body += chunk;
    }
    out.complete = true;
  } else if (out.headers.contains("content-length")) {
    const std::size_t length = std::stoul(out.header("content-length"));
    out.body = read_bytes(length);
    out.complete = out.body.size() == length;
  } else {
    while (fill()) {
    }
    out.body = std::move(buffer_);
    buffer_.clear();
    out.complete = true;
  }
  return out;
}

HttpResponse HttpClient::request(const std::string& method, const std::string& target,
                                 const std::string& body, const std::string& headers) {
  send_request(method, target, body, headers);
  return read_response(method == "HEAD");
}

bool HttpClient::at_end() { return buffer_.empty() && !fill(); }

HttpResponse http(int port, const std::string& method, const std::string& target,
                  const std::string& body, const std::string& headers) {
  return HttpClient(port).request(method, target, body, headers);
}

}  // namespace yurt
