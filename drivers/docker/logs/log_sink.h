// LogSink: where one container's output goes. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace yurt::drivers::docker {

class LogSink {
 public:
  virtual ~LogSink() = default;

  // The value of the API's `since`; "" from the beginning.
  [[nodiscard]] virtual std::string since() const = 0;
  // A new connection begins at since(): what it repeats is left out again.
  virtual void rewind() = 0;
  // One message: "<timestamp> <text>".
  virtual void message(bool standard_error, std::string_view text) = 0;
  // Notes the position. Call it after each batch.
  virtual void note() = 0;
  // Bytes that the disk refused.
  [[nodiscard]] virtual std::uint64_t lost_bytes() const = 0;
};

}  // namespace yurt::drivers::docker
