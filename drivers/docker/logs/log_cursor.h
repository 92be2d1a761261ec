// LogCursor: which message of a container's output comes next, by the Engine's timestamps: several
// messages may have the same one. A value; not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace yurt::drivers::docker {

class LogCursor {
 public:
  LogCursor() = default;
  // Behind `count` messages with the time `time`, which was the last.
  LogCursor(std::string time, std::uint64_t count)
      : time_(std::move(time)), count_(count), repeated_(count) {}

  // The value of the API's `since`; "" from the beginning.
  [[nodiscard]] std::string since() const;
  // A new connection begins at since(): what it repeats is left out again.
  void rewind() { repeated_ = count_; }
  // Takes the timestamp off `message`; false when it has been seen before.
  [[nodiscard]] bool take(std::string_view& message);

  [[nodiscard]] const std::string& time() const { return time_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::string time_;            // of the last message; "" = none yet
  std::uint64_t count_ = 0;     // messages with this timestamp so far
  std::uint64_t repeated_ = 0;  // of those, how many are still to be left out
};

}  // namespace yurt::drivers::docker
