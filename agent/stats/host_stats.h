// HostStats: how busy the machine is, as GET /v1/client/stats shows it (JSON). CPU shares are those
// since the previous sample. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/gpu/gpu.h"

namespace yurt::agent {

// The counters of one line of /proc/stat, in ticks.
struct CpuTicks {
  std::string name;  // "cpu0"
  std::uint64_t user = 0, system = 0, idle = 0, total = 0;
};
// The lines of single CPUs.
[[nodiscard]] std::vector<CpuTicks> parse_cpu_ticks(std::string_view proc_stat);

struct MemoryUse {
  std::uint64_t total = 0, available = 0, free = 0, used = 0;  // bytes
};
[[nodiscard]] MemoryUse parse_memory_use(std::string_view meminfo);

class HostStats {
 public:
  // `gpus` gives the latest look at them.
  using LatestGpus = std::function<GpuSnapshotPtr()>;
  HostStats(
      std::filesystem::path data_dir, std::int64_t total_mhz,
      LatestGpus gpus = [] { return std::make_shared<const GpuSnapshot>(); });
  [[nodiscard]] std::string sample(std::int64_t now_wall_ns);
  [[nodiscard]] GpuSnapshotPtr gpus() const { return gpus_(); }

 private:
  const std::filesystem::path data_dir_;
  const std::int64_t total_mhz_;
  const LatestGpus gpus_;
  std::mutex mutex_;
  std::vector<CpuTicks> previous_;
};

}  // namespace yurt::agent
