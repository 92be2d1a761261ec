#include "scheduler/devices/node_devices.h"

#include "proto/state.pb.h"

namespace yurt::scheduler {

const NodeDevices::Instance* NodeDevices::find(const std::string& key) const {
  for (const auto& group : groups) {
    for (const Instance& instance : group) {
      if (instance.key == key) return &instance;
    }
  }
  return nullptr;
}

NodeDevices node_devices(const model::Node& node) {
  NodeDevices devices;
  const auto sharing = node.attributes().find(device_sharing_attribute);
  devices.shares = sharing == node.attributes().end() || sharing->second != "false";
  for (const auto& device : node.node_resources().devices()) {
    const std::string kind = device.vendor() + "/" + device.type() + "/" + device.name() + "/";
    auto& group = devices.groups.emplace_back();
    for (const auto& instance : device.instances()) {
      group.push_back(
          {instance.id(), kind + instance.id(), instance.memory_mib(), instance.healthy()});
    }
  }
  return devices;
}

}  // namespace yurt::scheduler
