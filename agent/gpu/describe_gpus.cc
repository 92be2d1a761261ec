#include "agent/gpu/describe_gpus.h"

#include <algorithm>
#include <utility>

namespace yurt::agent {
namespace {

using DeviceAttributes = std::map<std::string, model::DeviceAttribute>;

DeviceAttributes attributes_of(const Gpu& gpu) {
  DeviceAttributes attributes;
  const auto number = [&](const char* name, std::optional<std::int64_t> value, const char* unit) {
    if (!value) return;
    attributes[name].set_int_(*value);
    attributes[name].set_unit(unit);
  };
  const auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) attributes[name].set_string(value);
  };
  number("memory", gpu.memory_mib, "MiB");
  number("bar1", gpu.bar1_mib, "MiB");
  number("power", gpu.power_w, "W");
  number("pci_bandwidth", gpu.pci_bandwidth_mb_s, "MB/s");
  number("cores_clock", gpu.cores_clock_mhz, "MHz");
  number("memory_clock", gpu.memory_clock_mhz, "MHz");
  text("driver_version", gpu.driver_version);
  text("cuda_version", gpu.cuda_version);
  text("compute_capability", gpu.compute_capability.value_or(""));
  if (gpu.display) text("display_state", *gpu.display ? "Enabled" : "Disabled");
  if (gpu.persistence) text("persistence_mode", *gpu.persistence ? "Enabled" : "Disabled");
  if (gpu.vendor == "nvidia") attributes["mig"].set_bool_(gpu.is_mig());
  return attributes;
}

bool equal(const model::DeviceAttribute& a, const model::DeviceAttribute& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

// What the cards of a group do not agree on says nothing about the group.
void keep_common(DeviceAttributes& common, const DeviceAttributes& other) {
  std::erase_if(common, [&other](const auto& entry) {
    const auto found = other.find(entry.first);
    return found == other.end() || !equal(found->second, entry.second);
  });
}

void add_instance(const GpuState& state, bool share, model::NodeDevice& group) {
  auto& instance = *group.add_instances();
  instance.set_id(state.gpu.id);
  instance.set_healthy(state.healthy);
  instance.set_health_description(state.health);
  instance.set_pci_bus_id(state.gpu.pci_bus_id);
  if (share) instance.set_memory_mib(state.gpu.memory_mib);
  instance.set_numa_node(state.gpu.numa_node.value_or(0));
}

}  // namespace

void describe_gpus(const GpuSnapshot& snapshot, bool share, model::Node& node) {
  auto& devices = *node.mutable_node_resources()->mutable_devices();
  devices.Clear();
  auto& node_attributes = *node.mutable_attributes();
  for (const char* name :
       {"gpu.count", "gpu.share", "gpu.mps", "gpu.driver_version", "gpu.cuda_version"}) {
    node_attributes.erase(name);
  }
  std::map<std::pair<std::string, std::string>, std::pair<int, DeviceAttributes>> groups;
  int count = 0;
  for (const GpuState& state : snapshot.gpus) {
    const Gpu& gpu = state.gpu;
    if (gpu.mig_mode) continue;  // its instances are offered instead
    ++count;
    const std::pair key{gpu.vendor, gpu.model};
    auto group = groups.find(key);
    if (group == groups.end()) {
      group = groups.emplace(key, std::pair{devices.size(), attributes_of(gpu)}).first;
      auto* made = devices.Add();
      made->set_vendor(gpu.vendor);
      made->set_type("gpu");
      made->set_name(gpu.model);
    } else {
      keep_common(group->second.second, attributes_of(gpu));
    }
    add_instance(state, share, *devices.Mutable(group->second.first));
    if (!gpu.driver_version.empty()) node_attributes["gpu.driver_version"] = gpu.driver_version;
    if (!gpu.cuda_version.empty()) node_attributes["gpu.cuda_version"] = gpu.cuda_version;
  }
  for (const auto& [key, group] : groups) {
    auto& attributes = *devices.Mutable(group.first)->mutable_attributes();
    for (const auto& [name, value] : group.second) attributes[name] = value;
  }
  if (count == 0) return;
  node_attributes["gpu.count"] = std::to_string(count);
  node_attributes["gpu.share"] = share ? "true" : "false";
  node_attributes["gpu.mps"] = snapshot.mps ? "true" : "false";
}

}  // namespace yurt::agent
