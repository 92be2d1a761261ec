// TaskSpec: what the lifecycle of a task depends on, taken from the job once per job version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/runner/restart_policy.h"
#include "agent/runner/worker_rules.h"
#include "base/clock.h"

namespace yurt::model {
class Assignment;
class Job;
class OnFailure;
class Task;
class TaskGroup;
}  // namespace yurt::model

namespace yurt::agent {

// When in its allocation's life a task runs.
enum class TaskRole { prestart, prestart_sidecar, main, poststart, poststart_sidecar, poststop };

[[nodiscard]] inline bool is_sidecar(TaskRole role) {
  return role == TaskRole::prestart_sidecar || role == TaskRole::poststart_sidecar;
}

struct TaskSpec {
  std::string name;
  TaskRole role = TaskRole::main;
  bool leader = false;
  bool restart_on_success = false;
  RestartLimits restart;
  int kill_signal = 0;                                        // 0 = what its driver takes
  std::int64_t kill_timeout_ns = 5 * nanoseconds_per_second;  // as capped by the node
  std::int64_t shutdown_delay_ns = 0;
  std::optional<WorkerRules> workers{};  // of a task that runs several copies of itself
  // A kill for want of memory is left to the servers, which place it again with more.
  bool oom_is_for_servers = false;
};

// What the task says of kills for want of memory; null: nothing.
[[nodiscard]] const model::OnFailure* oom_rule(const model::Task& task);

// The group's tasks in the job's order. A kill_signal that this system does not know (validation
// refuses those) counts as none.
[[nodiscard]] std::vector<TaskSpec> task_specs(const model::Job& job, const model::TaskGroup& group,
                                               const model::Assignment& assignment,
                                               std::int64_t max_kill_timeout_ns);

}  // namespace yurt::agent
