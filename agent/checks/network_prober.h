// NetworkProber: carries out http, tcp and gRPC health checks, any number of them, on one thread.
//
// The thread exists from the first probe on and sleeps while nothing is under way. Each probe opens
// a connection of its own: a server that no longer accepts any is not healthy.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/checks/check_progress.h"

namespace yurt::agent {

enum class ProbeKind { http, tcp, grpc };

struct ProbeRequest {
  ProbeKind kind = ProbeKind::tcp;
  std::string address{};  // an IP or a name
  int port = 0;
  std::int64_t timeout_ns = 0;  // for everything, the answer's body included
  bool tls = false;
  bool tls_skip_verify = false;
  std::string tls_server_name{};  // "" = the address
  // http
  std::string method = "GET";
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  // grpc: the service to ask for; "" = the server as a whole
  std::string grpc_service{};

  bool operator==(const ProbeRequest&) const = default;
};

struct ProbeResult {
  Health health = Health::critical;
  int status_code = 0;  // of http
  std::string output;   // for people; a few KiB at most
};

class NetworkProber {
 public:
  using Done = std::function<void(ProbeResult)>;

  NetworkProber();
  ~NetworkProber();

  // Thread-safe. `done` is called once, on the prober's thread, unless it is stopped before.
  void probe(ProbeRequest request, Done done);
  // Idempotent; drops what is under way. REQUIRES: not called from a `done`
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace yurt::agent
