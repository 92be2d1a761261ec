#include "agent/runner/worker_rules.h"

#include <algorithm>

#include "proto/agent_stream.pb.h"

namespace yurt::agent {
namespace {

std::vector<std::string> gpus_of_task(const std::string& task,
                                      const model::Assignment& assignment) {
  std::vector<std::string> ids;
  const auto granted = assignment.resources().tasks().find(task);
  if (granted == assignment.resources().tasks().end()) return ids;
  for (const auto& device : granted->second.devices()) {
    if (device.type() != "gpu") continue;
    ids.insert(ids.end(), device.device_ids().begin(), device.device_ids().end());
  }
  return ids;
}

}  // namespace

std::optional<WorkerRules> worker_rules(const model::Task& task,
                                        const model::Assignment& assignment) {
  if (!task.has_workers()) return std::nullopt;
  const auto& workers = task.workers();
  WorkerRules rules;
  rules.serial = workers.start() != "parallel";
  rules.ready_by_check = workers.ready() == "check";
  rules.count = static_cast<std::size_t>(std::max(1, workers.count()));
  if (workers.per_gpu() > 0) {
    const auto ids = gpus_of_task(task.name(), assignment);
    rules.count =
        static_cast<std::size_t>(workers.per_gpu()) * std::max<std::size_t>(1, ids.size());
    // In turns, so that every GPU has something to do as soon as possible.
    for (std::size_t i = 0; i < rules.count && !ids.empty(); ++i) {
      rules.gpus.push_back(ids[i % ids.size()]);
    }
  }
  return rules;
}

std::string worker_name(const std::string& task, std::size_t worker) {
  return task + "." + std::to_string(worker);
}

std::string ready_file_name(std::size_t worker) { return ".yurt-ready-" + std::to_string(worker); }

}  // namespace yurt::agent
