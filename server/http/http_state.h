// What all connections of one HttpServer share. Inside this folder only.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "server/http/http_server.h"

namespace yurt::server {

// A socket that is open and can be told to close, from any thread.
class OpenSocket {
 public:
  virtual ~OpenSocket() = default;
  virtual void close() = 0;
};

class HttpState {
 public:
  HttpState(Service& service, Metrics& metrics, HttpOptions options);

  // Whether an address may open one more connection; counts it when so.
  [[nodiscard]] bool admit(const std::string& ip);
  void leave(const std::string& ip);

  // Keeps `socket` alive until it is removed. False after close_all().
  [[nodiscard]] bool add(std::shared_ptr<OpenSocket> socket);
  void remove(const std::shared_ptr<OpenSocket>& socket);
  void close_all();

  void count_response(int status);

  Service& service;
  const HttpOptions options;

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, int> by_ip_;
  std::unordered_set<std::shared_ptr<OpenSocket>> sockets_;
  bool closed_ = false;
  prometheus::Gauge& connections_;
  std::array<prometheus::Counter*, 6> responses_{};  // by the status's first digit

 public:
  // Last: what is still queued in it when it goes may refer to everything above.
  boost::asio::io_context io;
};

// One connection's place in its address's count.
class IpSlot {
 public:
  IpSlot(HttpState& state, std::string ip) : state_(&state), ip_(std::move(ip)) {}
  IpSlot(IpSlot&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)), ip_(std::move(other.ip_)) {}
  IpSlot& operator=(IpSlot&&) = delete;
  ~IpSlot() {
    if (state_ != nullptr) state_->leave(ip_);
  }

 private:
  HttpState* state_;
  std::string ip_;
};

}  // namespace yurt::server
