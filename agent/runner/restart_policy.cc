#include "agent/runner/restart_policy.h"

#include <algorithm>

#include "base/duration.h"
#include "proto/job.pb.h"

namespace yurt::agent {

RestartLimits RestartLimits::from(const model::RestartPolicy& policy) {
  return {.attempts = policy.attempts(),
          .interval_ns = policy.interval(),
          .delay_ns = policy.delay(),
          .wait_when_exceeded = policy.mode() == "delay"};
}

RestartDecision RestartTracker::decide(const RestartLimits& limits, bool restart_on_success,
                                       RunEnd end, std::int64_t now_wall_ns, double fraction) {
  using Kind = RestartDecision::Kind;
  if (end == RunEnd::success && !restart_on_success) return {};
  if (end == RunEnd::unrecoverable) {
    return {.kind = Kind::fail, .reason = "Error was unrecoverable"};
  }
  if (limits.attempts == 0 && !limits.wait_when_exceeded) {
    return {.kind = Kind::fail, .reason = "Policy allows no restarts"};
  }
  // A clock that was set back leaves the window open at most as long as its interval from now.
  const std::int64_t window_age_ns = std::max<std::int64_t>(0, now_wall_ns - window_start_ns);
  if (window_start_ns == 0 || window_age_ns >= limits.interval_ns) {
    window_start_ns = now_wall_ns;
    count = 0;
  }
  const auto jittered = [&](std::int64_t delay_ns) {
    return delay_ns + static_cast<std::int64_t>(static_cast<double>(delay_ns) * 0.25 * fraction);
  };
  ++count;
  if (count <= limits.attempts) {
    return {.kind = Kind::restart,
            .delay_ns = jittered(limits.delay_ns),
            .reason = "Restart within policy"};
  }
  const std::string exceeded = "Exceeded allowed attempts " + std::to_string(limits.attempts) +
                               " in interval " + format_duration(limits.interval_ns) +
                               " and mode is ";
  if (!limits.wait_when_exceeded) {
    return {.kind = Kind::fail, .reason = exceeded + "\"fail\""};
  }
  const std::int64_t left_ns =
      limits.interval_ns - std::max<std::int64_t>(0, now_wall_ns - window_start_ns);
  return {.kind = Kind::restart,
          .delay_ns = jittered(std::max<std::int64_t>(0, left_ns)),
          .reason = exceeded + "\"delay\""};
}

}  // namespace yurt::agent
