// HealthTracker: whether an allocation counts as healthy in a deployment or a drain, by the state
// of its tasks and, where the rule says so, their checks (shared/compat semantics §4): all must
// have run and passed for `min_healthy` without a break before `deadline` has passed since the
// first task started; a failed task is unhealthy at once.
//
// Pure: told of every change and of the time; decides once. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/runner/instant.h"

namespace yurt::model {
class Job;
class TaskGroup;
}  // namespace yurt::model

namespace yurt::agent {

struct HealthRule {
  std::int64_t min_healthy_ns = 0;
  std::int64_t deadline_ns = 0;
  bool canary = false;
  bool wait_for_checks = false;  // health_check = "checks": all checks pass as well

  // The rule of the group's update block for allocations of a deployment, else of its migrate
  // block; nullopt for jobs without health (batch) and when health is set by hand.
  [[nodiscard]] static std::optional<HealthRule> from(const model::Job& job,
                                                      const model::TaskGroup& group,
                                                      bool in_deployment, bool canary);
};

class HealthTracker {
 public:
  explicit HealthTracker(HealthRule rule) : rule_(rule) {}

  // What the tasks look like now. `steady`: everything that should run does,
  // and passes its checks where they count.
  struct Observation {
    bool any_started = false;
    bool all_steady = false;
    bool any_failed = false;
  };
  // True when this made the verdict known.
  bool observe(const Observation& seen, Instant now);
  // An earlier process of this agent had decided.
  void restore(bool healthy, std::int64_t wall_ns) {
    verdict_ = healthy;
    decided_at_ns_ = wall_ns;
  }

  [[nodiscard]] std::optional<bool> verdict() const { return verdict_; }
  [[nodiscard]] std::int64_t decided_at_ns() const { return decided_at_ns_; }
  [[nodiscard]] bool waits_for_checks() const { return rule_.wait_for_checks; }
  [[nodiscard]] bool canary() const { return rule_.canary; }
  // When observe() should be called even if nothing changes.
  [[nodiscard]] std::optional<std::int64_t> wake_steady_ns() const;

 private:
  HealthRule rule_;
  std::optional<std::int64_t> first_started_ns_;  // steady
  std::optional<std::int64_t> steady_since_ns_;   // steady
  std::optional<bool> verdict_;
  std::int64_t decided_at_ns_ = 0;
};

}  // namespace yurt::agent
