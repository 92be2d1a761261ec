// The device files by which a process reaches a GPU, and the other facts about GPUs that lie in
// /sys, /proc and /dev. `root` stands before each path: "" but in tests. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/gpu/gpu.h"

namespace yurt::agent {

// Of the PCI device, as the kernel has it; nullopt where it does not say.
[[nodiscard]] std::optional<int> numa_node_of(const std::string& root,
                                              const std::string& pci_bus_id);

// "/dev/nvidia0"; of a MIG instance also its two files in /dev/nvidia-caps. What all of the
// vendor's GPUs share (/dev/nvidiactl, /dev/nvidia-uvm) is not among them.
[[nodiscard]] std::vector<std::string> nvidia_device_files(const Gpu& gpu, const std::string& root);

// The number of /dev/nvidia-caps/nvidia-capN for "gpu0/gi1/access" in the text of
// /proc/driver/nvidia-caps/mig-minors.
[[nodiscard]] std::optional<int> mig_minor(std::string_view mig_minors, std::string_view name);

}  // namespace yurt::agent
