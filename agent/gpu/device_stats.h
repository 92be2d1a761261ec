// The use of GPUs as Nomad's API shows it (DeviceStats), with what each process takes beside it.
// Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

#include "agent/gpu/gpu.h"

namespace yurt::agent {

// Every GPU, as in GET /v1/client/stats.
[[nodiscard]] nlohmann::json node_device_stats(const GpuSnapshot& snapshot);

// The GPUs `ids`, as in GET /v1/client/allocation/:id/stats: only processes of that allocation are
// listed; of one task when `task` is not empty.
[[nodiscard]] nlohmann::json alloc_device_stats(const GpuSnapshot& snapshot,
                                                const std::set<std::string>& ids,
                                                const std::string& alloc_id,
                                                const std::string& task);

}  // namespace yurt::agent
