// GroupAsk: what one allocation of a group needs, read from the job once per run.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto/allocation.h"
#include "scheduler/devices/device_request.h"
#include "scheduler/feasible/target.h"

namespace yurt::scheduler {

struct PortAsk {
  std::string label;
  std::uint16_t value = 0;  // 0: any dynamic port
  std::int32_t to = 0;      // -1: the same as on the host
  Target host_network;
  bool ignore_collision = false;
};

struct TaskMemory {
  std::int64_t memory_mb = 0, memory_max_mb = 0;

  auto operator<=>(const TaskMemory&) const = default;
};
// By task: what it is to have in place of what the job says.
using MemoryGrants = std::map<std::string, TaskMemory>;

struct GroupAsk {
  // `with_memory_max`: the cluster allows memory oversubscription; memory_max is dropped otherwise.
  GroupAsk(const model::TaskGroup& group, bool with_memory_max, const MemoryGrants& memory = {});

  ResourceTotals totals;  // without what reserved cores add to CPU, which depends on the node
  std::uint32_t cores = 0;
  std::vector<PortAsk> ports;
  std::vector<DeviceAsk> devices;
  // Of every task, without what depends on the node: cores and devices.
  std::unique_ptr<model::AllocatedResources> message;
  // Set when nothing but ports depends on the node: one object for all allocations.
  std::shared_ptr<const GrantedResources> shared;
  struct TaskCores {
    std::string task;
    std::uint32_t cores;
  };
  std::vector<TaskCores> task_cores;  // tasks that reserve cores

  ~GroupAsk();
  GroupAsk(const GroupAsk&) = delete;
  GroupAsk& operator=(const GroupAsk&) = delete;
};

}  // namespace yurt::scheduler
