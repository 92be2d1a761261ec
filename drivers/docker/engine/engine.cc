#include "drivers/docker/engine/engine.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace yurt::drivers::docker {
namespace {

using Json = nlohmann::json;

// What this driver was written against. Engines from 17.05 on speak the oldest.
constexpr ApiVersion newest_known{1, 47};
constexpr ApiVersion oldest_known{1, 30};
constexpr std::size_t longest_error_body = 64 * 1024;

std::string path_of_address(const std::string& address) {
  constexpr std::string_view scheme = "unix://";
  return address.starts_with(scheme) ? address.substr(scheme.size()) : address;
}

// The Engine says {"message": "..."}.
std::string message_in(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  if (json.is_object() && json.contains("message") && json["message"].is_string()) {
    return json["message"].get<std::string>();
  }
  return body.substr(0, 500);
}

Error error_of(int status, const std::string& body) {
  std::string message = message_in(body);
  if (message.empty()) message = "the Docker Engine answered " + std::to_string(status);
  ErrorCode code = ErrorCode::unavailable;
  if (status == 404) {
    code = ErrorCode::not_found;
  } else if (status == 409) {
    code = ErrorCode::conflict;
  } else if (status == 401 || status == 403) {
    code = ErrorCode::permission_denied;
  } else if (status == 501) {
    code = ErrorCode::unimplemented;
  } else if (status >= 400 && status < 500) {
    code = ErrorCode::invalid_argument;
  }
  return {code, message};
}

Result<std::string> whole_body(Connection& connection, std::int64_t deadline_ns) {
  std::string body;
  while (true) {
    YURT_ASSIGN(const std::string piece, connection.read_body(deadline_ns));
    if (piece.empty()) return body;
    body += piece;
  }
}

std::int64_t deadline_of(const EngineCall& call) {
  return call.timeout_ns == no_deadline ? no_deadline : SystemClock().steady_ns() + call.timeout_ns;
}

bool is_success(int status) { return (status >= 200 && status < 300) || status == 304; }

}  // namespace

std::optional<ApiVersion> ApiVersion::parse(std::string_view text) {
  ApiVersion version;
  const char* end = text.data() + text.size();
  const auto [dot, major_error] = std::from_chars(text.data(), end, version.major);
  if (major_error != std::errc() || dot == end || *dot != '.') return std::nullopt;
  const auto [rest, minor_error] = std::from_chars(dot + 1, end, version.minor);
  if (minor_error != std::errc() || rest != end) return std::nullopt;
  return version;
}

std::string ApiVersion::to_string() const {
  return std::to_string(major) + "." + std::to_string(minor);
}

Result<ApiVersion> negotiate(ApiVersion engine_newest, ApiVersion engine_oldest) {
  const ApiVersion agreed = std::min(engine_newest, newest_known);
  if (agreed < oldest_known || agreed < engine_oldest) {
    return Error{ErrorCode::unimplemented,
                 "the Docker Engine speaks API versions " + engine_oldest.to_string() + " to " +
                     engine_newest.to_string() + ", Yurt " + oldest_known.to_string() + " to " +
                     newest_known.to_string()};
  }
  return agreed;
}

Engine::Engine(const std::string& address) : socket_path_(path_of_address(address)) {}

Result<std::string> Engine::exchange(const HttpRequest& request, std::int64_t deadline_ns) {
  YURT_ASSIGN(Connection connection, Connection::open(socket_path_, interrupt_));
  YURT_TRY(connection.send(request, deadline_ns));
  YURT_ASSIGN(const int status, connection.read_head(deadline_ns));
  YURT_ASSIGN(std::string body, whole_body(connection, deadline_ns));
  if (!is_success(status)) return error_of(status, body);
  return body;
}

Result<EngineVersion> Engine::version() {
  {
    const std::lock_guard lock(mutex_);
    if (version_) return *version_;
  }
  const std::int64_t deadline_ns = SystemClock().steady_ns() + 10 * nanoseconds_per_second;
  YURT_ASSIGN(const std::string body,
              exchange({"GET", "/version", {{"Connection", "close"}}, "", ""}, deadline_ns));
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) {
    return Error{ErrorCode::corrupt,
                 "what listens at " + socket_path_ + " is no Docker Engine: " + body.substr(0, 80)};
  }
  const auto newest = ApiVersion::parse(json.value("ApiVersion", ""));
  const auto oldest = ApiVersion::parse(json.value("MinAPIVersion", "1.12"));
  if (!newest || !oldest) {
    return Error{ErrorCode::corrupt, "the Docker Engine does not say which API it speaks"};
  }
  EngineVersion version;
  YURT_ASSIGN(version.api, negotiate(*newest, *oldest));
  version.engine = json.value("Version", "");
  version.os = json.value("Os", "");
  const std::lock_guard lock(mutex_);
  version_ = version;
  return version;
}

void Engine::forget_version() {
  const std::lock_guard lock(mutex_);
  version_.reset();
}

Status Engine::ping(std::int64_t timeout_ns) {
  const auto answer = exchange({"GET", "/_ping", {{"Connection", "close"}}, "", ""},
                               SystemClock().steady_ns() + timeout_ns);
  if (answer.ok()) return {};
  forget_version();
  return answer.error();
}

Result<Connection> Engine::begin(const EngineCall& call, const Interrupt& interrupt) {
  YURT_ASSIGN(const EngineVersion agreed, version());
  const HttpRequest request{call.method, "/v" + agreed.api.to_string() + call.path, call.headers,
                            call.body, call.body_file};
  const auto attempt = [&]() -> Result<Connection> {
    YURT_ASSIGN(Connection connection, Connection::open(socket_path_, interrupt));
    YURT_TRY(connection.send(request, deadline_of(call)));
    return connection;
  };
  Result<Connection> begun = attempt();
  if (!begun.ok() && begun.error().code == ErrorCode::unavailable) forget_version();
  return begun;
}

Result<Connection> Engine::open(const EngineCall& call, const Interrupt& interrupt) {
  const std::int64_t deadline_ns = deadline_of(call);
  YURT_ASSIGN(Connection connection, begin(call, interrupt));
  const auto status = connection.read_head(deadline_ns);
  if (!status.ok()) {
    if (status.error().code == ErrorCode::unavailable) forget_version();
    return status.error();
  }
  if (is_success(*status) || *status == 101) return connection;
  std::string body;
  while (body.size() < longest_error_body) {
    YURT_ASSIGN(const std::string piece, connection.read_body(deadline_ns));
    if (piece.empty()) break;
    body += piece;
  }
  return error_of(*status, body);
}

Result<std::string> Engine::call(const EngineCall& call) {
  const std::int64_t deadline_ns = deadline_of(call);
  EngineCall closing = call;
  closing.headers.emplace_back("Connection", "close");
  YURT_ASSIGN(Connection connection, open(closing));
  return whole_body(connection, deadline_ns);
}

Result<Json> Engine::json(const EngineCall& call) {
  YURT_ASSIGN(const std::string body, this->call(call));
  Json parsed = Json::parse(body, nullptr, false);
  if (parsed.is_discarded()) {
    return Error{ErrorCode::corrupt, "the Docker Engine's answer to " + call.path + " is no JSON"};
  }
  return parsed;
}

std::string url_encoded(std::string_view value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
        (byte >= 'a' && byte <= 'z') || byte == '-' || byte == '_' || byte == '.' || byte == '~') {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

}  // namespace yurt::drivers::docker
