#include "agent/gpu/task_gpu_use.h"

#include <algorithm>

namespace yurt::agent {

std::vector<std::string> granted_gpus(const model::Assignment& assignment,
                                      const std::string& task) {
  std::vector<std::string> ids;
  const auto found = assignment.resources().tasks().find(task);
  if (found == assignment.resources().tasks().end()) return ids;
  for (const auto& device : found->second.devices()) {
    if (device.type() != "gpu") continue;
    ids.insert(ids.end(), device.device_ids().begin(), device.device_ids().end());
  }
  return ids;
}

std::string unusable_gpu(const GpuSnapshot& snapshot, const std::vector<std::string>& ids) {
  // Before the first look nothing is known; afterwards what was seen once stays listed.
  if (snapshot.sampled_wall_ns == 0) return "";
  for (const std::string& id : ids) {
    const GpuState* state = snapshot.find(id);
    if (state == nullptr) return id + ": the machine no longer has this GPU";
    if (!state->healthy) return id + ": " + state->health;
  }
  return "";
}

TaskGpuUse task_gpu_use(const GpuSnapshot& snapshot, const std::vector<std::string>& ids,
                        const std::string& alloc_id, const std::string& task,
                        std::optional<std::uint32_t> worker) {
  TaskGpuUse use;
  double sum = 0;
  bool known = !ids.empty();
  for (const std::string& id : ids) {
    const GpuState* state = snapshot.find(id);
    if (state == nullptr || !state->reading) {
      known = false;
      continue;
    }
    const GpuReading& reading = *state->reading;
    double own = 0;
    bool told = reading.utilization.has_value();
    for (const GpuProcess& process : reading.processes) {
      if (process.owner.alloc_id != alloc_id || process.owner.task != task) continue;
      if (worker && process.owner.worker != worker) continue;
      use.memory_bytes += process.memory_bytes;
      told &= process.utilization.has_value();
      own += process.utilization.value_or(0);
    }
    // Where processes are not told apart, the card's own figure is the most it can be.
    const bool apart = told && state->gpu.vendor == "nvidia" && !state->gpu.is_mig();
    known &= reading.utilization.has_value();
    sum += apart ? std::min(own, 100.0) : reading.utilization.value_or(0);
  }
  if (known) use.utilization = sum / static_cast<double>(ids.size());
  return use;
}

}  // namespace yurt::agent
