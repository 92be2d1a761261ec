#include "agent/runner/roll.h"

#include <algorithm>

#include "proto/job.pb.h"

namespace yurt::agent {
namespace {

HealthRule rule_of(const model::Job& job, const model::TaskGroup& group) {
  const auto rule = HealthRule::from(job, group, group.has_update() || job.has_update(), false);
  return rule.value_or(
      HealthRule{10 * nanoseconds_per_second, 300 * nanoseconds_per_second, false});
}

std::uint64_t alive_copies(const WorkerSet& task) {
  std::uint64_t alive = 0;
  for (std::size_t i = 0; i < task.size(); ++i) alive += task.copy(i).dead() ? 0 : 1;
  return alive;
}

}  // namespace

Roll::Roll(std::size_t task, const AllocMachine& machine, const model::Job& job,
           const model::TaskGroup& group, Instant now)
    : task_(task),
      restarts_before_(machine.tasks()[task].state().restarts()),
      restarts_due_(alive_copies(machine.tasks()[task])),
      deadline_steady_ns_(now.steady_ns + rule_of(job, group).deadline_ns),
      health_(rule_of(job, group)) {}

std::optional<bool> Roll::observe(const AllocMachine& machine, Instant now) {
  const WorkerSet& task = machine.tasks()[task_];
  const std::uint64_t restarts = task.state().restarts() - restarts_before_;
  if (task.dead() || restarts > restarts_due_) return false;
  HealthTracker::Observation seen;
  seen.any_started = restarts == restarts_due_ && task.phase() == TaskMachine::Phase::running;
  seen.all_steady = seen.any_started && (machine.checks_passing() || !health_.waits_for_checks());
  if (health_.observe(seen, now)) return health_.verdict();
  if (now.steady_ns >= deadline_steady_ns_) return false;
  return std::nullopt;
}

std::optional<std::int64_t> Roll::wake_steady_ns() const {
  const auto wake_ns = health_.wake_steady_ns();
  return wake_ns ? std::min(*wake_ns, deadline_steady_ns_) : deadline_steady_ns_;
}

}  // namespace yurt::agent
