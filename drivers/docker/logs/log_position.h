// LogPosition: how far a container's output has been stored, so that the next agent goes on exactly
// there: neither a line lost nor one twice. A value, kept as one line of text in a file of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace yurt::drivers::docker {

struct LogPosition {
  // Where one stream's files stood.
  struct File {
    std::int64_t index = 0;
    std::uint64_t size_bytes = 0;
  };

  std::string time;         // the Engine's timestamp of the last message stored; "" = none yet
  std::uint64_t count = 0;  // messages with this timestamp that have been stored
  File out, err;

  // Always of the same length, so that a file can be overwritten in place.
  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static std::optional<LogPosition> decode(std::string_view text);
};

}  // namespace yurt::drivers::docker
