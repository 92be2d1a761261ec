#include "cli/address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/unique_fd.h"

namespace yurt::cli {
namespace {

constexpr const char* rpc_port = "4647";
constexpr const char* http_port = "4646";
constexpr int http_timeout_s = 5;

Error not_an_address(const std::string& text, const std::string& why) {
  return {ErrorCode::invalid_argument,
          "\"" + text + "\" is no address of a server: " + why +
              "; give host:port of its gRPC endpoint (port 4647) or http://host:port of its HTTP "
              "endpoint (port 4646) with -address or YURT_ADDR"};
}

bool is_port(const std::string& text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; }) &&
         std::atoi(text.c_str()) <= 65'535;
}

Error unreached(const Address& address, const std::string& why) {
  return {ErrorCode::unavailable,
          "cannot reach a server at http://" + address.text() + ": " + why +
              ".\nIs it running? Name another with -address or YURT_ADDR; a server for trying "
              "things out starts with `yurt dev`."};
}

Result<UniqueFd> dial(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  const int failure = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &raw);
  if (failure != 0) return unreached(address, gai_strerror(failure));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(raw, &freeaddrinfo);
  int reason = 0;
  for (const addrinfo* at = found.get(); at != nullptr; at = at->ai_next) {
    UniqueFd socket(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) {
      reason = errno;
      continue;
    }
    const timeval patience{http_timeout_s, 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(socket.get(), at->ai_addr, at->ai_addrlen) == 0) return socket;
    reason = errno;
  }
  return unreached(address, std::system_category().message(reason));
}

// The body of the answer to GET `path`.
Result<std::string> get(const Address& address, const std::string& path) {
  YURT_ASSIGN(const UniqueFd socket, dial(address));
  const std::string request = "GET " + path + " HTTP/1.0\r\nHost: " + address.text() + "\r\n\r\n";
  if (send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return unreached(address, "it does not take requests");
  }
  std::string answer;
  char buffer[8192];
  ssize_t got = 0;
  while ((got = recv(socket.get(), buffer, sizeof buffer, 0)) > 0) {
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  const auto head_end = answer.find("\r\n\r\n");
  if (got < 0 || !answer.starts_with("HTTP/1.") || head_end == std::string::npos) {
    return unreached(address, "it does not answer as an HTTP server does");
  }
  if (answer.compare(9, 3, "200") != 0) {
    return unreached(address, "it answers \"" + answer.substr(9, answer.find('\r') - 9) + "\"");
  }
  return answer.substr(head_end + 4);
}

}  // namespace

std::string environment(std::initializer_list<const char*> variables,
                        const std::string& otherwise) {
  for (const char* name : variables) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return otherwise;
}

std::string Address::text() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

Result<Address> parse_address(const std::string& text) {
  Address out;
  std::string rest = text;
  const auto scheme_end = text.find("://");
  if (scheme_end != std::string::npos) {
    const std::string scheme = text.substr(0, scheme_end);
    if (scheme == "https") return not_an_address(text, "TLS is not served");
    if (scheme != "http" && scheme != "grpc") {
      return not_an_address(text, "\"" + scheme + "\" is not known");
    }
    out.http = scheme == "http";
    rest = text.substr(scheme_end + 3);
    rest = rest.substr(0, rest.find('/'));
  }
  const bool bracketed = rest.starts_with('[');
  const auto host_end = bracketed ? rest.find(']') : rest.find(':');
  out.host = rest.substr(bracketed ? 1 : 0,
                         host_end == std::string::npos ? host_end : host_end - (bracketed ? 1 : 0));
  const auto colon = host_end == std::string::npos
                         ? host_end
                         : rest.find(':', bracketed ? host_end + 1 : host_end);
  out.port =
      colon == std::string::npos ? (out.http ? http_port : rpc_port) : rest.substr(colon + 1);
  if (out.host.empty()) return not_an_address(text, "it names no host");
  if (!is_port(out.port)) return not_an_address(text, "\"" + out.port + "\" is no port");
  return out;
}

Result<std::string> find_rpc_address(const std::string& text) {
  YURT_ASSIGN(const Address address, parse_address(text));
  if (!address.http) return address.text();
  YURT_ASSIGN(const std::string body, get(address, "/v1/agent/self"));
  const auto self = nlohmann::json::parse(body, nullptr, false);
  const auto member = self.is_object() ? self.value("member", nlohmann::json()) : nlohmann::json();
  const auto tags = member.is_object() ? member.value("Tags", nlohmann::json()) : nlohmann::json();
  if (!tags.is_object() || !tags.contains("rpc_addr") || !tags.contains("port") ||
      !tags["rpc_addr"].is_string() || !tags["port"].is_string()) {
    return Error{ErrorCode::unavailable, "the server at " + text +
                                             " does not say where its gRPC endpoint is; give that "
                                             "with -address=host:port or YURT_ADDR"};
  }
  Address rpc{tags["rpc_addr"].get<std::string>(), tags["port"].get<std::string>(), false};
  if (rpc.host == "0.0.0.0" || rpc.host == "::") rpc.host = address.host;
  return rpc.text();
}

}  // namespace yurt::cli
