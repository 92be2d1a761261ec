// Whose process it is: the allocation, task and worker that a process on this machine belongs to.
//
// The task's control group names its allocation and task. The environment that the process was
// started with names all three; a process that has cleared it has a parent that has not. Reads
// /proc below `root` ("" but in tests); thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "agent/gpu/gpu.h"

namespace yurt::agent {

[[nodiscard]] GpuProcessOwner process_owner(std::int32_t pid, const std::string& root);

}  // namespace yurt::agent
