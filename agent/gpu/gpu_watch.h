// GpuWatch: one look after another at all GPUs of the machine: finds them, reads them, judges their
// health, and tells whose processes use them. A card once seen stays in the list until the agent
// ends, so that one that vanished is shown as unhealthy instead of not at all.
//
// Blocks for as long as the drivers do: for the monitor's own thread. Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/gpu/gpu.h"
#include "agent/gpu/gpu_health.h"
#include "agent/gpu/gpu_source.h"
#include "agent/options.h"

namespace yurt::agent {

class GpuWatch {
 public:
  struct Settings {
    std::set<std::string> ignored;  // UUIDs
    std::string system_root;        // before /proc, /sys, /tmp: "" but in tests
    std::int64_t discovery_interval_ns = 0;
  };

  GpuWatch(std::vector<std::unique_ptr<GpuSource>> sources, Settings settings);

  [[nodiscard]] GpuSnapshotPtr look(std::int64_t steady_ns, std::int64_t wall_ns);

 private:
  void discover();
  void tell_changes();

  const std::vector<std::unique_ptr<GpuSource>> sources_;
  const Settings settings_;
  GpuHealth health_;
  std::vector<Gpu> known_;  // in the order of their discovery
  std::set<std::string> present_;
  std::map<std::string, std::string> told_;  // the verdicts that are in the log
  std::string mps_directory_;
  std::int64_t next_discovery_ns_ = 0;
};

// For this machine, as the agent's options say.
[[nodiscard]] std::unique_ptr<GpuWatch> make_gpu_watch(const GpuOptions& options);

}  // namespace yurt::agent
