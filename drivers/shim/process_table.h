// What /proc tells about processes. Thread-safe; every answer may be out of date at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace yurt::drivers {

struct ProcessStat {
  std::int32_t pid = 0;
  std::int32_t parent = 0;
  std::int32_t session = 0;
  char state = '?';                         // R, S, D, Z, ... (proc(5))
  std::int64_t cpu_time_ns = 0;             // user + system, own threads
  std::int64_t reaped_children_cpu_ns = 0;  // of children that ended and were waited for
  std::int64_t start_ticks = 0;             // since boot
  std::int64_t rss_bytes = 0;
};

// nullopt when there is no such process (or it can't be read).
[[nodiscard]] std::optional<ProcessStat> read_process(std::int32_t pid);

// All processes of this pid namespace.
[[nodiscard]] std::vector<ProcessStat> read_all_processes();

// Those of `all` that descend from `ancestor` (itself not included).
[[nodiscard]] std::vector<ProcessStat> descendants_of(std::int32_t ancestor,
                                                      const std::vector<ProcessStat>& all);

// Changes with every boot of the machine; "unknown" where the kernel does not tell.
[[nodiscard]] std::string boot_id();

}  // namespace yurt::drivers
