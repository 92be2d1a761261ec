#include "agent/runner/health_tracker.h"

#include <algorithm>

#include "proto/job.pb.h"

namespace yurt::agent {
namespace {

constexpr std::int64_t default_min_healthy_ns = 10 * nanoseconds_per_second;
constexpr std::int64_t default_deadline_ns = 300 * nanoseconds_per_second;

}  // namespace

std::optional<HealthRule> HealthRule::from(const model::Job& job, const model::TaskGroup& group,
                                           bool in_deployment, bool canary) {
  if (job.type() != "service" && job.type() != "system") return std::nullopt;
  HealthRule rule{default_min_healthy_ns, default_deadline_ns, canary, false};
  if (in_deployment) {
    const auto& update = group.has_update() ? group.update() : job.update();
    if (update.health_check() == "manual") return std::nullopt;
    rule.wait_for_checks = update.health_check() != "task_states";
    if (update.has_min_healthy_time()) rule.min_healthy_ns = update.min_healthy_time();
    if (update.has_healthy_deadline()) rule.deadline_ns = update.healthy_deadline();
    return rule;
  }
  if (job.type() != "service") return std::nullopt;
  const auto& migrate = group.has_migrate() ? group.migrate() : job.migrate();
  rule.wait_for_checks = migrate.health_check() != "task_states";
  if (migrate.has_min_healthy_time()) rule.min_healthy_ns = migrate.min_healthy_time();
  if (migrate.has_healthy_deadline()) rule.deadline_ns = migrate.healthy_deadline();
  return rule;
}

bool HealthTracker::observe(const Observation& seen, Instant now) {
  if (verdict_) return false;
  if (seen.any_started && !first_started_ns_) first_started_ns_ = now.steady_ns;
  if (!seen.all_steady) {
    steady_since_ns_.reset();
  } else if (!steady_since_ns_) {
    steady_since_ns_ = now.steady_ns;
  }
  const auto decide = [&](bool healthy) {
    verdict_ = healthy;
    decided_at_ns_ = now.wall_ns;
    return true;
  };
  if (seen.any_failed) return decide(false);
  // Looked at before the deadline, since a late wake-up must not turn healthy into unhealthy.
  if (steady_since_ns_ && now.steady_ns - *steady_since_ns_ >= rule_.min_healthy_ns &&
      *steady_since_ns_ + rule_.min_healthy_ns <= *first_started_ns_ + rule_.deadline_ns) {
    return decide(true);
  }
  if (first_started_ns_ && now.steady_ns - *first_started_ns_ >= rule_.deadline_ns) {
    return decide(false);
  }
  return false;
}

std::optional<std::int64_t> HealthTracker::wake_steady_ns() const {
  if (verdict_ || !first_started_ns_) return std::nullopt;
  const std::int64_t deadline_ns = *first_started_ns_ + rule_.deadline_ns;
  if (!steady_since_ns_) return deadline_ns;
  return std::min(deadline_ns, *steady_since_ns_ + rule_.min_healthy_ns);
}

}  // namespace yurt::agent
