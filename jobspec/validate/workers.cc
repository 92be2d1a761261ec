// The workers block of a task.
#include <algorithm>

#include "jobspec/validate/checks.h"

namespace yurt::jobspec {
namespace {

// Beyond this a machine's scheduler, not the task, decides what is fast; and every report of the
// task to the servers tells of each worker.
constexpr int most_workers = 64;

bool asks_for_gpus(const model::Task& task) {
  const auto& devices = task.resources().device();
  return std::any_of(devices.begin(), devices.end(), [](const model::RequestedDevice& device) {
    // "gpu", "<vendor>/gpu" or "<vendor>/gpu/<model>"
    const std::string& name = device.name();
    return name == "gpu" || name.ends_with("/gpu") || name.find("/gpu/") != std::string::npos;
  });
}

void check_number(std::string_view what, int value, const std::string& path, Issues& issues) {
  if (value >= 1 && value <= most_workers) return;
  issues.error(path, std::string(what) + " must be 1 to " + std::to_string(most_workers) +
                         ", it is " + std::to_string(value));
}

// A worker is called "<task>.<worker>" wherever a task can be named.
void check_worker_names(const model::TaskGroup& group, const model::Task& task,
                        const std::string& path, Issues& issues) {
  const std::string prefix = task.name() + ".";
  for (const model::Task& other : group.task()) {
    const std::string& name = other.name();
    if (!name.starts_with(prefix) || name.size() == prefix.size() ||
        name.find_first_not_of("0123456789", prefix.size()) != std::string::npos) {
      continue;
    }
    issues.error(path, "the task " + quoted(name) + " is called like a worker of " +
                           quoted(task.name()) + ": rename one of them");
  }
}

}  // namespace

void check_workers(const model::TaskGroup& group, const model::Task& task, const std::string& path,
                   Issues& issues) {
  if (!task.has_workers()) return;
  const model::Workers& workers = task.workers();
  const std::string own_path = path_of(path, "workers");
  if (workers.has_count() == workers.has_per_gpu()) {
    issues.error(own_path, workers.has_count()
                               ? "workers takes count or per_gpu, not both"
                               : "workers needs count (so many) or per_gpu (so many for each GPU "
                                 "of the task)");
  }
  if (workers.has_count()) {
    check_number("count", workers.count(), path_of(own_path, "count"), issues);
  }
  if (workers.has_per_gpu()) {
    check_number("per_gpu", workers.per_gpu(), path_of(own_path, "per_gpu"), issues);
    if (!asks_for_gpus(task)) {
      issues.error(path_of(own_path, "per_gpu"),
                   "per_gpu needs a GPU in the task's resources, such as device \"nvidia/gpu\" "
                   "{}; without one use count");
    }
  }
  if (workers.has_start()) {
    check_choice("start", workers.start(), {"serial", "parallel"}, path_of(own_path, "start"),
                 issues);
  }
  if (workers.has_ready()) {
    check_choice("ready", workers.ready(), {"started", "check"}, path_of(own_path, "ready"),
                 issues);
  }
  if (task.driver() != "raw_exec" && task.driver() != "docker") {
    issues.error(own_path, "only raw_exec and docker tasks can have workers, not " + task.driver() +
                               (task.driver() == "compose" ? ": use scale in its config" : ""));
  }
  if (task.has_lifecycle() && !task.lifecycle().hook().empty() && !task.lifecycle().sidecar()) {
    issues.error(own_path, "a " + task.lifecycle().hook() +
                               " task that is no sidecar cannot have workers: it runs once");
  }
  check_worker_names(group, task, own_path, issues);
}

}  // namespace yurt::jobspec
