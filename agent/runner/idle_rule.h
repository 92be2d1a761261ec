// IdleRule: a task's watchdog: whether it has done nothing for so long that something should happen
// to it. Idle is a task that has written no output for `no_output` and, where the rule names a
// bound, has used its GPUs less than that all the while; with the bound alone, the time is 15
// minutes and output does not count.
//
// Pure: told of what is seen and of the time. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace yurt::model {
class Watchdog;
}

namespace yurt::agent {

class IdleRule {
 public:
  enum class Action { restart, stop, event };

  explicit IdleRule(const model::Watchdog& rule);

  // A run begins, or nobody has looked for a while: the time starts anew.
  void begin(std::int64_t steady_ns);

  struct Seen {
    std::uint64_t output_mark = 0;            // differs whenever output was written
    std::optional<double> gpu_utilization{};  // percent; empty: not known, which is never idle
  };
  // True once for each time that it has been idle for long enough.
  [[nodiscard]] bool observe(const Seen& seen, std::int64_t steady_ns);

  [[nodiscard]] Action action() const { return action_; }
  // "no output for 15m and GPU utilization below 2%".
  [[nodiscard]] std::string description() const;

 private:
  std::optional<double> below_;
  bool by_output_ = false;
  std::int64_t window_ns_ = 0;
  Action action_ = Action::event;
  std::int64_t idle_since_ns_ = 0;
  std::optional<std::uint64_t> mark_;
  bool told_ = false;
};

}  // namespace yurt::agent
