#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

#include "base/duration.h"
#include "jobspec/hcl/diagnostic.h"
#include "jobspec/validate/checks.h"

namespace yurt::jobspec {
namespace {

void check_name(const model::Task& task, const std::string& path, Issues& issues) {
  const std::string own_path = path_of(path, "name");
  if (task.name().empty()) issues.error(own_path, "the task needs a name");
  if (task.name().find('/') != std::string::npos || task.name().find('\\') != std::string::npos) {
    issues.error(own_path, "a task's name must not contain a slash: it names a folder");
  }
  if (task.name().find('\0') != std::string::npos) {
    issues.error(own_path, "a task's name must not contain a NUL character");
  }
  if (task.name() == "alloc" || task.name() == "." || task.name() == "..") {
    issues.error(own_path, "a task must not be called " + quoted(task.name()) +
                               ": the folder of that name is taken");
  }
}

void check_driver(const model::Task& task, const std::string& path, const ValidateOptions& options,
                  Issues& issues) {
  if (task.driver().empty()) return;
  const auto& known = known_drivers();
  if (std::find(known.begin(), known.end(), task.driver()) == known.end()) {
    const std::string closest =
        task.driver() == "exec" ? "raw_exec" : hcl::closest_name(task.driver(), known);
    issues.error(path_of(path, "driver"),
                 "there is no driver " + quoted(task.driver()) +
                     "; the drivers are raw_exec, docker and compose" +
                     (closest.empty() ? "" : " (did you mean " + quoted(closest) + "?)"));
    return;
  }
  if (!options.check_config) return;
  for (const ConfigIssue& issue : options.check_config(task.driver(), task.config())) {
    const std::string own_path = path_of(path, "config");
    issues.error(issue.path.empty() ? own_path : path_of(own_path, issue.path), issue.message);
  }
}

void check_task_times(const model::Job& job, const model::TaskGroup& group, const model::Task& task,
                      const std::string& path, Issues& issues) {
  check_not_negative("kill_timeout", task.kill_timeout(), path_of(path, "kill_timeout"), issues);
  check_not_negative("shutdown_delay", task.shutdown_delay(), path_of(path, "shutdown_delay"),
                     issues);
  const std::int64_t deadline = group.update().progress_deadline();
  if (job.type() == "service" && group.update().max_parallel() > 0 && deadline > 0 &&
      task.kill_timeout() > deadline) {
    issues.error(path_of(path, "kill_timeout"),
                 "kill_timeout is " + format_duration(task.kill_timeout()) +
                     ", above update's progress_deadline of " + format_duration(deadline) +
                     ": no deployment could replace the task in time");
  }
}

// What parses and is shown, and what Yurt does not do (yet).
void check_unsupported(const model::Task& task, const std::string& path, Issues& issues) {
  if (task.has_consul()) {
    issues.warning(path_of(path, "consul"),
                   "\"consul\" has no effect: Yurt keeps its own registry");
  }
  if (!task.kind().empty()) {
    issues.warning(path_of(path, "kind"), "\"kind\" is for Consul's proxies; no effect");
  }
  for (int i = 0; i < task.scaling_size(); ++i) {
    issues.warning(path_of(path, "scaling", i),
                   "a task's scaling policy is kept for autoscalers and not acted upon");
  }
  for (int i = 0; i < task.secret_size(); ++i) {
    issues.error(path_of(path, "secret", i),
                 "secret blocks are not supported: use a template or env");
  }
}

}  // namespace

void check_task(const model::Job& job, const model::TaskGroup& group, const model::Task& task,
                const std::string& path, const ValidateOptions& options, Issues& issues) {
  check_name(task, path, issues);
  check_driver(task, path, options, issues);
  check_task_times(job, group, task, path, issues);
  check_constraints(task.constraint(), Level::task, path_of(path, "constraint"), issues);
  check_affinities(job, task.affinity(), path_of(path, "affinity"), issues);
  check_resources(task, path, issues);
  // What a task inherits has been checked in its group.
  if (!google::protobuf::util::MessageDifferencer::Equals(task.restart(), group.restart())) {
    check_restart(task.restart(), path_of(path, "restart"), issues);
  }
  check_artifacts(task, path, issues);
  check_templates(job, task, path, issues);
  check_task_identities(task, path, issues);
  check_on_failure(job, task, path, issues);
  check_watchdog(task, path, issues);
  check_workers(group, task, path, issues);
  check_unsupported(task, path, issues);
  if (task.has_lifecycle() && !task.lifecycle().hook().empty()) {
    check_choice("hook", task.lifecycle().hook(), {"prestart", "poststart", "poststop"},
                 path_of(path, "lifecycle.hook"), issues);
  }
  if (task.has_dispatch_payload()) {
    const std::string own_path = path_of(path, "dispatch_payload");
    if (!stays_inside(task.dispatch_payload().file())) {
      issues.error(path_of(own_path, "file"), "file must not leave the task's local folder");
    }
    if (!job.has_parameterized()) {
      issues.warning(own_path, "dispatch_payload has no effect: the job is not parameterized");
    }
  }
}

void check_resources(const model::Task& task, const std::string& path, Issues& issues) {
  const model::Resources& resources = task.resources();
  const std::string own_path = path_of(path, "resources");
  if (resources.cores() < 0) {
    issues.error(path_of(own_path, "cores"), "cores must not be negative");
  } else if (resources.cores() > 0 && resources.cpu() > 0) {
    issues.error(path_of(own_path, "cpu"),
                 "cpu and cores exclude each other: whole cores, or a share in MHz");
  } else if (resources.cores() == 0 && resources.cpu() < 1) {
    issues.error(path_of(own_path, "cpu"),
                 "cpu must be at least 1 MHz, it is " + std::to_string(resources.cpu()));
  }
  if (resources.memory() < 10) {
    issues.error(path_of(own_path, "memory"),
                 "memory must be at least 10 MB, it is " + std::to_string(resources.memory()));
  }
  if (resources.memory_max() < -1 ||
      (resources.memory_max() > 0 && resources.memory_max() < resources.memory())) {
    issues.error(path_of(own_path, "memory_max"),
                 "memory_max must be 0 (none), -1 (unlimited) or at least memory, which is " +
                     std::to_string(resources.memory()) + " MB; it is " +
                     std::to_string(resources.memory_max()));
  }
  if (resources.disk() != 0) {
    issues.error(path_of(own_path, "disk"), "disk belongs to the group: ephemeral_disk { size = " +
                                                std::to_string(resources.disk()) + " }");
  }
  if (resources.secrets() < 0) {
    issues.error(path_of(own_path, "secrets"), "secrets must not be negative");
  }
  for (int i = 0; i < resources.device_size(); ++i) {
    check_device(resources.device(i), path_of(own_path, "device", i), issues);
  }
  if (!resources.has_numa()) return;
  const std::string numa_path = path_of(own_path, "numa");
  if (check_choice("affinity", resources.numa().affinity(), {"none", "prefer", "require"},
                   path_of(numa_path, "affinity"), issues) &&
      resources.numa().affinity() != "none") {
    issues.error(path_of(numa_path, "affinity"),
                 "NUMA placement is not supported: use affinity \"none\"");
  }
}

void check_on_failure(const model::Job& job, const model::Task& task, const std::string& path,
                      Issues& issues) {
  for (int i = 0; i < task.on_failure_size(); ++i) {
    const model::OnFailure& rule = task.on_failure(i);
    const std::string own_path = path_of(path, "on_failure", i);
    if (job.type() != "batch") {
      issues.error(own_path, "on_failure is for batch jobs only, not " + job.type());
    }
    check_choice("on_failure's label", rule.reason(), {"oom"}, path_of(own_path, "reason"), issues);
    if (i > 0 && rule.reason() == task.on_failure(0).reason()) {
      issues.error(own_path, "the task has another on_failure " + quoted(rule.reason()));
    }
    if (!(rule.memory_factor() > 1)) {
      issues.error(path_of(own_path, "memory_factor"),
                   "memory_factor must be above 1: the next attempt gets so many times the memory");
    }
    if (rule.attempts() < 1) {
      issues.error(path_of(own_path, "attempts"),
                   "attempts must be at least 1, not " + std::to_string(rule.attempts()));
    }
  }
}

void check_task_identities(const model::Task& task, const std::string& path, Issues& issues) {
  constexpr std::string_view reason =
      "workload identities are not supported: Yurt issues no tokens to tasks";
  for (int i = 0; i < task.identity_size(); ++i) {
    issues.error(path_of(path, "identity", i), std::string(reason));
  }
  if (task.default_identity().env() || task.default_identity().file()) {
    issues.error(path_of(path, "default_identity"), std::string(reason));
  }
}

}  // namespace yurt::jobspec
