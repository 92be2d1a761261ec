#include "cli/gpu_advice.h"

#include <algorithm>

namespace yurt::cli {
namespace {

constexpr std::int64_t bytes_per_mib = 1024 * 1024;

// One kind of GPU as one task used it.
struct GpuUsage {
  int allocs = 0;
  std::int64_t gpu_mib = 0;     // of one whole GPU; the least seen
  std::int64_t asked_mib = 0;   // of one GPU: the slice, or all of it
  std::int64_t peak_bytes = 0;  // of one worker; the most seen
  std::int64_t per_gpu = 0;     // workers on a GPU; the most seen
};

// 0: not known.
std::int64_t memory_of_gpu(const model::Node& node, const model::AllocatedDevice& granted) {
  for (const auto& device : node.node_resources().devices()) {
    if (device.vendor() != granted.vendor() || device.type() != granted.type() ||
        device.name() != granted.name()) {
      continue;
    }
    for (const auto& instance : device.instances()) {
      if (instance.id() == granted.device_ids(0)) return instance.memory_mib();
    }
  }
  return 0;
}

void add_task(const model::Node& node, const model::AllocatedTaskResources& granted,
              const model::TaskState& state, GpuUsage& usage) {
  if (granted.devices_size() == 0 || granted.devices(0).device_ids().empty()) return;
  const model::AllocatedDevice& device = granted.devices(0);
  const std::int64_t gpu_mib = memory_of_gpu(node, device);
  std::int64_t peak = 0;
  for (const auto& worker : state.workers()) peak = std::max(peak, worker.peak_gpu_memory());
  if (gpu_mib == 0 || peak == 0) return;
  ++usage.allocs;
  usage.gpu_mib = usage.gpu_mib == 0 ? gpu_mib : std::min(usage.gpu_mib, gpu_mib);
  usage.asked_mib = device.memory_mib() > 0 ? device.memory_mib() : gpu_mib;
  usage.peak_bytes = std::max(usage.peak_bytes, peak);
  const std::int64_t gpus = device.device_ids_size();
  usage.per_gpu = std::max(usage.per_gpu, (state.workers_size() + gpus - 1) / gpus);
}

}  // namespace

std::string gpu_advice(const Terminal& terminal,
                       const google::protobuf::RepeatedPtrField<model::AllocationStub>& allocs,
                       const std::map<std::string, model::Node>& nodes) {
  std::map<std::pair<std::string, std::string>, GpuUsage> usages;  // by task and model
  for (const auto& alloc : allocs) {
    const auto node = nodes.find(alloc.node_id());
    if (node == nodes.end()) continue;
    for (const auto& [name, state] : alloc.task_states()) {
      const auto granted = alloc.allocated_resources().tasks().find(name);
      if (granted == alloc.allocated_resources().tasks().end()) continue;
      const auto& devices = granted->second.devices();
      if (devices.empty()) continue;
      add_task(node->second, granted->second, state,
               usages[{alloc.task_group() + "/" + name, devices[0].name()}]);
    }
  }
  std::vector<Row> rows{{"Task", "GPU", "GPU MiB", "Allocations", "Asked MiB", "Workers per GPU",
                         "Peak MiB of one", "Suggest per_gpu", "Suggest memory"}};
  for (const auto& [name, usage] : usages) {
    if (usage.allocs == 0) continue;
    const std::int64_t one = (usage.peak_bytes + usage.peak_bytes / 10) / bytes_per_mib + 1;
    const std::int64_t most = std::max<std::int64_t>(1, usage.gpu_mib / one);
    const std::int64_t slice = std::min(usage.gpu_mib, one * usage.per_gpu);
    rows.push_back({name.first, name.second, std::to_string(usage.gpu_mib),
                    std::to_string(usage.allocs), std::to_string(usage.asked_mib),
                    std::to_string(usage.per_gpu), std::to_string(usage.peak_bytes / bytes_per_mib),
                    std::to_string(most),
                    "\"" + std::to_string(slice) + "MiB\" for " + std::to_string(usage.per_gpu)});
  }
  return rows.size() == 1 ? "" : table(terminal, rows);
}

}  // namespace yurt::cli
