// ResponseReader: HTTP/1.1 responses from bytes as they arrive (RFC 9112), without a socket.
// A value; not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace yurt::drivers::docker {

class ResponseReader {
 public:
  ResponseReader();
  ResponseReader(ResponseReader&&) noexcept;
  ResponseReader& operator=(ResponseReader&&) noexcept;
  ~ResponseReader();

  // corrupt when this is no HTTP.
  [[nodiscard]] Status feed(std::string_view bytes);
  // The other side has closed: ok where that ends the body.
  [[nodiscard]] Status feed_end();

  [[nodiscard]] bool head_done() const;
  // REQUIRES: head_done()
  [[nodiscard]] int status() const;
  // The whole body has been seen.
  [[nodiscard]] bool done() const;
  // What has come of the body since the last call.
  [[nodiscard]] std::string take_body();
  // Behind the head of a response that switches protocols: everything not understood as HTTP.
  [[nodiscard]] std::string take_rest();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace yurt::drivers::docker
