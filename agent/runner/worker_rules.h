// WorkerRules: what a task's `workers` block means on this node: how many copies run, in which
// order they start, and which of the task's GPUs each one has. Values; thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace yurt::model {
class Assignment;
class Task;
}  // namespace yurt::model

namespace yurt::agent {

struct WorkerRules {
  std::size_t count = 1;
  bool serial = false;          // one at a time, each once the one before is ready
  bool ready_by_check = false;  // it says so itself; else it is ready once it has run for a moment
  // The GPU of each worker, by worker; empty when all share what the task has.
  std::vector<std::string> gpus{};
};

// One worker of a task.
struct CopyRef {
  // NOLINTNEXTLINE(google-explicit-constructor): a task without workers is its own only copy
  CopyRef(std::size_t task_index, std::size_t worker_index = 0)
      : task(task_index), worker(worker_index) {}
  std::size_t task;
  std::size_t worker;
};

// nullopt for a task without a workers block. A task that was granted no GPU and wants workers per
// GPU gets as many as for one.
[[nodiscard]] std::optional<WorkerRules> worker_rules(const model::Task& task,
                                                      const model::Assignment& assignment);

// The name of a worker wherever a task can be named, of its log files and of its run:
// "<task>.<worker>". Validation sees to it that no task is called so.
[[nodiscard]] std::string worker_name(const std::string& task, std::size_t worker);

// The file in the task's local folder by which a worker says that it is ready.
[[nodiscard]] std::string ready_file_name(std::size_t worker);

}  // namespace yurt::agent
