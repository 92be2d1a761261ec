// HttpServer: Nomad's HTTP API over the service layer, on its own few threads.
//
// A connection costs no thread, whether it waits for a blocking query or follows a log.
// Thread-safe. Stop it, or destroy it, before the service.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"

namespace yurt::server {

class Service;
class Metrics;

struct HttpOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 4646;  // 0: any free one
  unsigned threads = 2;
  std::uint64_t max_body_bytes = 32 << 20;
  std::uint32_t max_header_bytes = 64 << 10;
  int max_connections_per_ip = 100;            // 0: no limit
  std::int64_t read_timeout_ms = 60'000;       // for the next request to have come in whole
  std::int64_t write_timeout_ms = 300'000;     // for the caller to have taken an answer
  std::map<std::string, std::string> headers;  // put on every answer
};

class HttpServer {
 public:
  // Listens and serves. io when the address is not to be had.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(Service& service, Metrics& metrics,
                                                                 HttpOptions options);
  ~HttpServer();

  [[nodiscard]] std::uint16_t port() const;
  // Closes the listener and every connection, and ends the threads. Idempotent.
  void stop();

 private:
  struct State;
  explicit HttpServer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace yurt::server
