// How commands show devices: what a task holds, and what is free on a node.
#pragma once

#include <string>

#include "cli/terminal.h"
#include "proto/api.pb.h"

namespace yurt::cli {

// "nvidia/gpu/A100 GPU-1, GPU-2 (whole)" or "… (18432 MiB and 25 % of each, at most 4 tasks)", a
// line for each grant; "" for a task without devices.
[[nodiscard]] std::string device_grants_text(const model::AllocatedTaskResources& task);

// A table of the node's devices: health, memory and shares given out, tasks on each. "" for a node
// without any.
[[nodiscard]] std::string node_devices_text(const Terminal& terminal, const model::Node& node,
                                            const model::NodeAllocationsResponse& allocs);

}  // namespace yurt::cli
