// Clock: time as an input. Code that decides takes a Clock (or a time) as an argument and never
// asks the operating system itself, so that tests and the simulator can set the time.
#pragma once

#include <cstdint>

namespace yurt {

inline constexpr std::int64_t nanoseconds_per_millisecond = 1'000'000;
inline constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;

class Clock {
 public:
  virtual ~Clock() = default;
  // Nanoseconds since the Unix epoch; may jump when somebody sets the clock. For records.
  [[nodiscard]] virtual std::int64_t wall_ns() const = 0;
  // Nanoseconds since an arbitrary start; never goes back. For deadlines.
  [[nodiscard]] virtual std::int64_t steady_ns() const = 0;
};

// The operating system's clocks. Thread-safe.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t wall_ns() const override;
  [[nodiscard]] std::int64_t steady_ns() const override;
};

}  // namespace yurt
