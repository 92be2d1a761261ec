// What one task makes of the GPUs it was granted. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/gpu/gpu.h"
#include "proto/agent_stream.pb.h"

namespace yurt::agent {

// The GPUs' IDs; empty when the task has none.
[[nodiscard]] std::vector<std::string> granted_gpus(const model::Assignment& assignment,
                                                    const std::string& task);

// The first of them that can't be used any more, and why: "GPU-…: the GPU no longer answers"; ""
// while all are well. One that the machine no longer has counts as gone.
[[nodiscard]] std::string unusable_gpu(const GpuSnapshot& snapshot,
                                       const std::vector<std::string>& ids);

struct TaskGpuUse {
  std::int64_t memory_bytes = 0;
  // Percent of the granted cards, their mean; empty when the driver tells nothing.
  std::optional<double> utilization;
};
[[nodiscard]] TaskGpuUse task_gpu_use(const GpuSnapshot& snapshot,
                                      const std::vector<std::string>& ids,
                                      const std::string& alloc_id, const std::string& task,
                                      std::optional<std::uint32_t> worker = std::nullopt);

}  // namespace yurt::agent
