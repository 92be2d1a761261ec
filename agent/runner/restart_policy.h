// The restart policy: what happens after a task's run has ended (shared/compat semantics §5).
//
// A RestartTracker counts the restarts of one task within its policy's interval. It is a plain
// value without clock or randomness of its own; copy it to store it. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>

namespace yurt::model {
class RestartPolicy;
}  // namespace yurt::model

namespace yurt::agent {

struct RestartLimits {
  int attempts = 0;
  std::int64_t interval_ns = 0;
  std::int64_t delay_ns = 0;
  bool wait_when_exceeded = false;  // mode "delay": go on in the next interval; else fail

  [[nodiscard]] static RestartLimits from(const model::RestartPolicy& policy);
};

// How a run ended, as far as the policy cares.
enum class RunEnd {
  success,       // exit code 0
  failure,       // anything else, and failures to start that another try may mend
  unrecoverable  // failures that only an edit of the job or the machine mends
};

struct RestartDecision {
  enum class Kind { done, restart, fail };
  Kind kind = Kind::done;
  std::int64_t delay_ns = 0;  // for restart: how long to wait first
  std::string reason;         // for restart and fail: a sentence for the task's events
};

class RestartTracker {
 public:
  // `restart_on_success`: the task is meant to run for ever (services, sidecars).
  // `fraction` in [0, 1) is the jitter: the delay grows by up to a quarter.
  [[nodiscard]] RestartDecision decide(const RestartLimits& limits, bool restart_on_success,
                                       RunEnd end, std::int64_t now_wall_ns, double fraction);

  int count = 0;                     // restarts in the interval that began at
  std::int64_t window_start_ns = 0;  // Unix nanoseconds; 0 = none has begun
};

}  // namespace yurt::agent
