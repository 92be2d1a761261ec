// What is known of the machine's GPUs: values that the monitor makes and everybody else reads.
// Sizes and clocks are named by their unit; an empty optional is what the driver does not tell.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace yurt::agent {

// What does not change while the card is in use. A MIG instance is a Gpu of its own.
struct Gpu {
  std::string vendor;     // "nvidia", "amd"
  std::string id;         // the UUID; for AMD its unique_id, else its bus ID
  std::string parent_id;  // of a MIG instance: its card's UUID
  std::string model;
  std::int64_t memory_mib = 0;
  std::string pci_bus_id;  // "00000000:3b:00.0"
  std::optional<int> numa_node;
  std::optional<std::int64_t> bar1_mib, pci_bandwidth_mb_s, cores_clock_mhz, memory_clock_mhz,
      power_w;
  std::optional<bool> display, persistence;
  std::optional<std::string> compute_capability;  // "9.0"
  std::string driver_version, cuda_version;       // "" where there is none
  bool mig_mode = false;                          // a card that is cut into instances
  std::optional<int> minor;                       // N of /dev/nvidiaN, of a MIG instance's card
  std::optional<int> gpu_instance, compute_instance;
  std::vector<std::string> device_files;  // what a process opens to use it

  [[nodiscard]] bool is_mig() const { return !parent_id.empty(); }
  bool operator==(const Gpu&) const = default;
};

// Whose process it is; `alloc_id` empty: nobody's that this node runs.
struct GpuProcessOwner {
  std::string alloc_id, task;
  std::optional<std::uint32_t> worker;

  bool operator==(const GpuProcessOwner&) const = default;
};

struct GpuProcess {
  std::int32_t pid = 0;
  std::int64_t memory_bytes = 0;
  std::optional<double> utilization;  // percent of the card's multiprocessors
  GpuProcessOwner owner{};
};

struct GpuReading {
  std::optional<double> utilization, memory_utilization, encoder, decoder;  // percent
  std::optional<int> temperature_c;
  std::optional<double> power_w;
  std::int64_t memory_used_bytes = 0, memory_total_bytes = 0;
  std::optional<std::int64_t> bar1_used_mib;
  std::optional<std::int64_t> ecc_l1, ecc_l2, ecc_memory;  // uncorrected since the driver's start
  std::optional<std::int64_t> ecc_uncorrected;             // all places together
  std::vector<GpuProcess> processes;
};

struct GpuState {
  Gpu gpu;
  bool healthy = true;
  std::string health;  // why not
  std::optional<GpuReading> reading;
};

// One look at all of them. Immutable once published.
struct GpuSnapshot {
  std::int64_t sampled_wall_ns = 0;
  std::vector<GpuState> gpus;
  bool mps = false;           // an MPS control daemon serves this machine
  std::string mps_directory;  // its pipe directory

  // Null when there is none of that ID.
  [[nodiscard]] const GpuState* find(const std::string& id) const;
};

using GpuSnapshotPtr = std::shared_ptr<const GpuSnapshot>;

}  // namespace yurt::agent
