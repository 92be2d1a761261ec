#include "agent/checks/check_progress.h"

#include <algorithm>

namespace yurt::agent {

const char* name_of(Health health) {
  switch (health) {
    case Health::passing: return "passing";
    case Health::warning: return "warning";
    case Health::critical: break;
  }
  return "critical";
}

Health parse_health(std::string_view text, Health otherwise) {
  for (const Health one : {Health::passing, Health::warning, Health::critical}) {
    if (text == name_of(one)) return one;
  }
  return otherwise;
}

Health worse_of(Health a, Health b) { return std::max(a, b); }

CheckProgress::Step CheckProgress::observe(Health seen, std::int64_t steady_ns) {
  const Health before = health_;
  observed_ = true;
  if (seen != Health::critical) {
    failures_ = 0;
    if (++successes_ >= rule_.success_before_passing) health_ = seen;
  } else {
    successes_ = 0;
    ++failures_;
    const int to_critical = rule_.failures_before_critical;
    const int to_warning = rule_.failures_before_warning;
    if (failures_ >= to_critical) {
      health_ = Health::critical;
    } else if (to_warning > 0 && failures_ >= to_warning) {
      health_ = Health::warning;
    }
  }
  Step step;
  step.changed = health_ != before;
  const bool unhealthy = health_ == Health::critical ||
                         (health_ == Health::warning && !rule_.restart_ignores_warnings);
  if (rule_.restart_limit <= 0 || !unhealthy ||
      steady_ns - since_steady_ns_ < rule_.restart_grace_ns) {
    unhealthy_ = 0;
  } else if (++unhealthy_ >= rule_.restart_limit) {
    unhealthy_ = 0;
    step.restart = true;
  }
  return step;
}

bool CheckProgress::satisfies_update() const {
  switch (rule_.on_update) {
    case OnUpdate::ignore: return true;
    case OnUpdate::ignore_warnings: return health_ != Health::critical;
    case OnUpdate::require_healthy: break;
  }
  return health_ == Health::passing;
}

}  // namespace yurt::agent
