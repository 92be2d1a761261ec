// An allocation's resource use as GET /v1/client/allocation/:id/stats shows it. Pure.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/gpu/gpu.h"
#include "drivers/driver.h"

namespace yurt::agent {

// The GPUs of an allocation's tasks, by task, and the latest look at them.
struct AllocGpus {
  std::string alloc_id;
  std::map<std::string, std::set<std::string>> by_task{};
  GpuSnapshotPtr latest = std::make_shared<const GpuSnapshot>();
};

// What one run of a task uses.
struct TaskSample {
  std::string task;
  std::string name;  // that of the worker it is of, else the task's
  drivers::TaskStats stats;
};

// By task, and by worker where a task has several. `core_mhz` turns CPU percent into ticks.
[[nodiscard]] std::string alloc_stats_json(const std::vector<TaskSample>& samples,
                                           const AllocGpus& gpus, double core_mhz,
                                           std::int64_t now_wall_ns);

}  // namespace yurt::agent
