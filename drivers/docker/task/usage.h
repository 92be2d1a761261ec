// What a container uses, from the Engine's statistics and the kernel's list of its processes.
// Pure parsing apart; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "drivers/docker/engine/engine.h"
#include "drivers/driver.h"

namespace yurt::drivers::docker {

// The answer of GET /containers/{id}/stats, without cpu_percent and pids. unavailable when the
// container does not run (the Engine sends zeros then).
[[nodiscard]] Result<TaskStats> parse_stats(const std::string& json);

// The same, asked of the Engine. `path`: "/containers/<id>".
[[nodiscard]] Result<TaskStats> read_stats(Engine& engine, const std::string& path);

// The process a container began with; 0 when it does not run.
[[nodiscard]] std::int32_t main_process(Engine& engine, const std::string& path);

// The processes of the control group that process `pid` is in; empty when it is gone.
[[nodiscard]] std::vector<std::int32_t> group_members(std::int32_t pid);

}  // namespace yurt::drivers::docker
