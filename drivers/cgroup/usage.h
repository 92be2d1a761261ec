// Reading, emptying and removing a task's control groups, on the agent's side. Thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "drivers/cgroup/plan.h"

namespace yurt::drivers {

struct CgroupMemory {
  std::int64_t usage_bytes = 0;
  std::int64_t rss_bytes = 0;
  std::int64_t cache_bytes = 0;
  std::int64_t swap_bytes = 0;
  std::int64_t peak_bytes = 0;  // 0 = the kernel does not tell
};

// All zero when there is no memory folder or it is gone.
[[nodiscard]] CgroupMemory read_memory(const CgroupFolders& folders);

// Time for which the cpu controller held the processes back; 0 = not known.
[[nodiscard]] std::int64_t read_throttled_ns(const CgroupFolders& folders);

// The processes in the groups, those of groups beneath included; empty when there are none.
[[nodiscard]] std::vector<std::int32_t> read_processes(const CgroupFolders& folders);

// Kills until no process is left, for at most `timeout_ns`; then removes the folders. ok also when
// they are gone already; deadline_exceeded when processes could not be killed.
[[nodiscard]] Status kill_and_remove(const CgroupFolders& folders, std::int64_t timeout_ns);

}  // namespace yurt::drivers
