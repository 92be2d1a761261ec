// CheckProgress: one health check as a pure state machine: what its results mean for its status,
// and when its task has to be restarted for them.
//
// A status moves only after as many results in a row as the check asks for, as Consul's users know
// it. Told of each result and the time; no clock, no thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace yurt::agent {

enum class Health { passing, warning, critical };

[[nodiscard]] const char* name_of(Health health);
// `otherwise` for any other text.
[[nodiscard]] Health parse_health(std::string_view text, Health otherwise);
[[nodiscard]] Health worse_of(Health a, Health b);

// What the check must be for its allocation to count as healthy in a deployment.
enum class OnUpdate { require_healthy, ignore_warnings, ignore };

struct CheckRule {
  Health initial = Health::critical;  // before the first result
  int success_before_passing = 0;     // results in a row; 0 and 1 are the same
  int failures_before_warning = 0;    // 0: as failures_before_critical
  int failures_before_critical = 0;
  OnUpdate on_update = OnUpdate::require_healthy;
  int restart_limit = 0;              // unhealthy results in a row; 0: never
  std::int64_t restart_grace_ns = 0;  // of a fresh start, in which they are not counted
  bool restart_ignores_warnings = false;

  bool operator==(const CheckRule&) const = default;
};

class CheckProgress {
 public:
  // Of a check whose service began to run at `since_steady_ns`.
  CheckProgress(CheckRule rule, std::int64_t since_steady_ns)
      : rule_(rule), health_(rule.initial), since_steady_ns_(since_steady_ns) {}

  struct Step {
    bool changed = false;  // the status is another one
    bool restart = false;  // the limit of check_restart is reached
  };
  Step observe(Health seen, std::int64_t steady_ns);
  // A new version of the job changed the rule; the status stays.
  void set_rule(const CheckRule& rule) { rule_ = rule; }
  // What an earlier process of this agent knew.
  void restore(Health health) { health_ = health; }

  [[nodiscard]] Health health() const { return health_; }
  [[nodiscard]] bool observed() const { return observed_; }
  // Good enough for a deployment.
  [[nodiscard]] bool satisfies_update() const;

 private:
  CheckRule rule_;
  Health health_;
  std::int64_t since_steady_ns_;
  bool observed_ = false;
  int successes_ = 0;
  int failures_ = 0;
  int unhealthy_ = 0;
};

}  // namespace yurt::agent
