#include "agent/gpu/device_files.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "base/file.h"

namespace yurt::agent {

std::optional<int> numa_node_of(const std::string& root, const std::string& pci_bus_id) {
  // NVML writes the domain with eight digits, the kernel with four.
  if (pci_bus_id.size() < 12) return std::nullopt;
  const std::string kernel_id = pci_bus_id.substr(pci_bus_id.size() - 12);
  const auto text = read_file(root + "/sys/bus/pci/devices/" + kernel_id + "/numa_node");
  if (!text.ok()) return std::nullopt;
  int node = -1;
  std::from_chars(text->data(), text->data() + text->size(), node);
  return node >= 0 ? std::optional(node) : std::nullopt;
}

std::optional<int> mig_minor(std::string_view mig_minors, std::string_view name) {
  std::istringstream lines{std::string(mig_minors)};
  std::string found;
  int minor = 0;
  while (lines >> found >> minor) {
    if (found == name) return minor;
  }
  return std::nullopt;
}

std::vector<std::string> nvidia_device_files(const Gpu& gpu, const std::string& root) {
  std::vector<std::string> files;
  if (!gpu.minor) return files;
  files.push_back(fmt::format("/dev/nvidia{}", *gpu.minor));
  if (!gpu.is_mig() || !gpu.gpu_instance || !gpu.compute_instance) return files;
  const std::string minors = read_file(root + "/proc/driver/nvidia-caps/mig-minors").value_or("");
  const std::string instance = fmt::format("gpu{}/gi{}/", *gpu.minor, *gpu.gpu_instance);
  for (const std::string& name :
       {instance + "access", instance + fmt::format("ci{}/access", *gpu.compute_instance)}) {
    if (const auto minor = mig_minor(minors, name)) {
      files.push_back(fmt::format("/dev/nvidia-caps/nvidia-cap{}", *minor));
    }
  }
  return files;
}

}  // namespace yurt::agent
