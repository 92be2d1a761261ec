#include "agent/runner/task_spec.h"

#include <algorithm>

#include "drivers/signals.h"
#include "proto/agent_stream.pb.h"
#include "proto/job.pb.h"

namespace yurt::agent {
namespace {

TaskRole role_of(const model::Task& task) {
  if (!task.has_lifecycle() || task.lifecycle().hook().empty()) return TaskRole::main;
  const auto& lifecycle = task.lifecycle();
  if (lifecycle.hook() == "poststop") return TaskRole::poststop;
  if (lifecycle.hook() == "poststart") {
    return lifecycle.sidecar() ? TaskRole::poststart_sidecar : TaskRole::poststart;
  }
  return lifecycle.sidecar() ? TaskRole::prestart_sidecar : TaskRole::prestart;
}

}  // namespace

const model::OnFailure* oom_rule(const model::Task& task) {
  const auto rule = std::find_if(task.on_failure().begin(), task.on_failure().end(),
                                 [](const auto& rule) { return rule.reason() == "oom"; });
  return rule == task.on_failure().end() ? nullptr : &*rule;
}

std::vector<TaskSpec> task_specs(const model::Job& job, const model::TaskGroup& group,
                                 const model::Assignment& assignment,
                                 std::int64_t max_kill_timeout_ns) {
  const bool runs_for_ever = job.type() == "service" || job.type() == "system";
  std::vector<TaskSpec> specs;
  specs.reserve(static_cast<std::size_t>(group.task_size()));
  for (const auto& task : group.task()) {
    TaskSpec spec;
    spec.name = task.name();
    spec.role = role_of(task);
    spec.leader = task.leader();
    spec.restart_on_success =
        is_sidecar(spec.role) || (spec.role == TaskRole::main && runs_for_ever);
    spec.restart = RestartLimits::from(task.has_restart() ? task.restart() : group.restart());
    if (task.has_kill_timeout()) spec.kill_timeout_ns = task.kill_timeout();
    spec.kill_timeout_ns = std::clamp<std::int64_t>(spec.kill_timeout_ns, 0, max_kill_timeout_ns);
    if (!task.kill_signal().empty()) {
      spec.kill_signal = drivers::parse_signal(task.kill_signal()).value_or(spec.kill_signal);
    }
    spec.shutdown_delay_ns = task.shutdown_delay();
    const model::OnFailure* rule = oom_rule(task);
    spec.oom_is_for_servers =
        rule != nullptr && rule->attempts() > static_cast<int>(assignment.oom_retries());
    spec.workers = worker_rules(task, assignment);
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace yurt::agent
