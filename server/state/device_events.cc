#include "server/state/device_events.h"

#include <map>
#include <string>

namespace yurt::server {
namespace {

struct SeenDevice {
  std::string name;  // "nvidia/gpu/NVIDIA H100"
  const model::NodeDeviceInstance* instance = nullptr;
};

std::map<std::string, SeenDevice> devices_by_id(const model::Node& node) {
  std::map<std::string, SeenDevice> found;
  for (const auto& device : node.node_resources().devices()) {
    const std::string name = device.vendor() + "/" + device.type() + "/" + device.name();
    for (const auto& instance : device.instances()) found[instance.id()] = {name, &instance};
  }
  return found;
}

model::NodeEvent device_event(const std::string& id, const SeenDevice& device,
                              const std::string& what) {
  model::NodeEvent event;
  event.set_subsystem("Device");
  event.set_message("Device " + device.name + " " + id + " " + what);
  (*event.mutable_details())["device_id"] = id;
  (*event.mutable_details())["device"] = device.name;
  return event;
}

}  // namespace

std::vector<model::NodeEvent> device_events(const model::Node& before, const model::Node& after) {
  const auto old_devices = devices_by_id(before);
  const auto new_devices = devices_by_id(after);
  std::vector<model::NodeEvent> events;
  for (const auto& [id, device] : new_devices) {
    const auto old = old_devices.find(id);
    const bool is_new = old == old_devices.end();
    const bool was_healthy = is_new || old->second.instance->healthy();
    if (!device.instance->healthy() && (was_healthy || old->second.instance->health_description() !=
                                                           device.instance->health_description())) {
      events.push_back(
          device_event(id, device, "is unhealthy: " + device.instance->health_description()));
    } else if (is_new) {
      events.push_back(device_event(id, device, "was added"));
    } else if (device.instance->healthy() && !was_healthy) {
      events.push_back(device_event(id, device, "is healthy again"));
    }
  }
  for (const auto& [id, device] : old_devices) {
    if (!new_devices.contains(id)) events.push_back(device_event(id, device, "is gone"));
  }
  return events;
}

}  // namespace yurt::server
