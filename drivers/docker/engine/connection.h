// Connection: one HTTP exchange with the Engine over its unix socket, with blocking calls that end
// at a deadline or when interrupted. Used by one thread at a time; may be moved between threads.
//
// Deadlines are on the steady clock, in nanoseconds; no_deadline waits for ever.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "drivers/docker/engine/interrupt.h"
#include "drivers/docker/engine/response_reader.h"

namespace yurt::drivers::docker {

inline constexpr std::int64_t no_deadline = std::numeric_limits<std::int64_t>::max();

struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // "/v1.41/containers/json"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;       // sent as JSON when not empty
  std::string body_file;  // or: the body is this file, sent as a tar archive
};

class Connection {
 public:
  // unavailable when nobody listens at `socket_path`.
  [[nodiscard]] static Result<Connection> open(const std::string& socket_path,
                                               const Interrupt& interrupt);

  [[nodiscard]] Status send(const HttpRequest& request, std::int64_t deadline_ns);
  // Reads until the head of the response has come, and gives its status.
  [[nodiscard]] Result<int> read_head(std::int64_t deadline_ns);
  // The next piece of the body; empty at its end.
  [[nodiscard]] Result<std::string> read_body(std::int64_t deadline_ns);

  // For who takes the connection over: what was read ahead is in reader().
  [[nodiscard]] ResponseReader& reader() { return reader_; }
  [[nodiscard]] UniqueFd take_socket() { return std::move(socket_); }
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  Connection(UniqueFd socket, const Interrupt& interrupt)
      : socket_(std::move(socket)), interrupt_(&interrupt) {}
  [[nodiscard]] Status write_all(std::string_view bytes, std::int64_t deadline_ns);
  [[nodiscard]] Status await(short events, std::int64_t deadline_ns) const;
  [[nodiscard]] Status read_some(std::int64_t deadline_ns);
  [[nodiscard]] Status send_file(const std::string& path, std::int64_t deadline_ns);

  UniqueFd socket_;
  const Interrupt* interrupt_;
  ResponseReader reader_;
};

}  // namespace yurt::drivers::docker
