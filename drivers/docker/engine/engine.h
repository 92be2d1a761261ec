// Engine: calls to the Docker Engine API. https://docs.docker.com/engine/api/
//
// The API's version is negotiated at the first call and again after the Engine was away (it may
// have been upgraded): the highest that both sides speak. Thread-safe. Errors: unavailable when the
// Engine can't be reached or is shutting down, and for its own faults (5xx), since they may pass;
// not_found (404), conflict (409), permission_denied (401, 403), invalid_argument (other 4xx),
// with the Engine's own sentence.
#pragma once

#include <cstdint>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "drivers/docker/engine/connection.h"
#include "drivers/docker/engine/interrupt.h"

namespace yurt::drivers::docker {

struct ApiVersion {
  int major = 0;
  int minor = 0;
  auto operator<=>(const ApiVersion&) const = default;
  // "1.41"; nullopt for anything else.
  [[nodiscard]] static std::optional<ApiVersion> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
};

struct EngineVersion {
  ApiVersion api;      // agreed on
  std::string engine;  // "20.10.24"
  std::string os;      // "linux"
};

// The version both sides speak; unimplemented when there is none.
[[nodiscard]] Result<ApiVersion> negotiate(ApiVersion engine_newest, ApiVersion engine_oldest);

struct EngineCall {
  std::string method = "GET";
  std::string path;  // without the version: "/containers/json?all=1"
  std::string body{};
  std::string body_file{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::int64_t timeout_ns = 60 * nanoseconds_per_second;
};

class Engine {
 public:
  // `address`: "unix:///var/run/docker.sock" or a path.
  explicit Engine(const std::string& address);

  // The body of a 2xx answer (also of 304: there was nothing to do).
  [[nodiscard]] Result<std::string> call(const EngineCall& call);
  // The same, as JSON. corrupt when it is none.
  [[nodiscard]] Result<nlohmann::json> json(const EngineCall& call);
  // The answer's head has been read and is 2xx (or 101); the body follows on the connection.
  // `timeout_ns` covers the head.
  [[nodiscard]] Result<Connection> open(const EngineCall& call) { return open(call, interrupt_); }
  [[nodiscard]] Result<Connection> open(const EngineCall& call, const Interrupt& interrupt);
  // The call has been sent; nothing is known of its answer.
  [[nodiscard]] Result<Connection> begin(const EngineCall& call) { return begin(call, interrupt_); }
  [[nodiscard]] Result<Connection> begin(const EngineCall& call, const Interrupt& interrupt);

  [[nodiscard]] Result<EngineVersion> version();
  // Whether the Engine answers, within `timeout_ns`.
  [[nodiscard]] Status ping(std::int64_t timeout_ns);

  [[nodiscard]] const std::string& socket_path() const { return socket_path_; }
  // Ends all calls under way and to come.
  void shut_down() { interrupt_.set(); }

 private:
  [[nodiscard]] Result<std::string> exchange(const HttpRequest& request, std::int64_t deadline_ns);
  void forget_version();

  const std::string socket_path_;
  Interrupt interrupt_;
  std::mutex mutex_;
  std::optional<EngineVersion> version_;
};

// The part of a target that a value becomes: percent-encoded.
[[nodiscard]] std::string url_encoded(std::string_view value);

}  // namespace yurt::drivers::docker
