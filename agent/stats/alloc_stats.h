// An allocation's resource use as GET /v1/client/allocation/:id/stats shows it. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "drivers/driver.h"

namespace yurt::agent {

// By task name. `core_mhz` turns CPU percent into ticks.
[[nodiscard]] std::string alloc_stats_json(
    const std::vector<std::pair<std::string, drivers::TaskStats>>& tasks, double core_mhz,
    std::int64_t now_wall_ns);

}  // namespace yurt::agent
