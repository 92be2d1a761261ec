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

// By task name. `core_mhz` turns CPU percent into ticks.
[[nodiscard]] std::string alloc_stats_json(
    const std::vector<std::pair<std::string, drivers::TaskStats>>& tasks, const AllocGpus& gpus,
    double core_mhz, std::int64_t now_wall_ns);

}  // namespace yurt::agent
