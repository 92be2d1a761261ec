#include "cli/device_lines.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace yurt::cli {
namespace {

std::string percent(double fraction) {
  return std::to_string(static_cast<int>(std::lround(fraction * 100))) + " %";
}

bool is_slice(const model::AllocatedDevice& device) {
  return device.memory_mib() > 0 || device.fraction() > 0;
}

std::string size_text(const model::AllocatedDevice& device) {
  if (!is_slice(device)) return "whole";
  std::string text;
  if (device.memory_mib() > 0) text = std::to_string(device.memory_mib()) + " MiB";
  if (device.fraction() > 0) text += (text.empty() ? "" : " and ") + percent(device.fraction());
  if (device.device_ids_size() > 1) text += " of each";
  if (device.max_sharers() > 0) {
    text += ", at most " + std::to_string(device.max_sharers()) + " tasks on it";
  }
  return text;
}

struct Held {
  std::int64_t memory_mib = 0;
  double fraction = 0;
  int tasks = 0;
  bool whole = false;
};

// By "vendor/type/name/id".
std::map<std::string, Held> held_devices(const model::NodeAllocationsResponse& allocs) {
  std::map<std::string, Held> held;
  for (const auto& alloc : allocs.allocations()) {
    const std::string& status = alloc.client_status();
    if (status != "running" && status != "pending" && status != "unknown") continue;
    for (const auto& [name, task] : alloc.allocated_resources().tasks()) {
      for (const auto& device : task.devices()) {
        for (const std::string& id : device.device_ids()) {
          Held& one = held[device.vendor() + "/" + device.type() + "/" + device.name() + "/" + id];
          one.memory_mib += device.memory_mib();
          one.fraction += device.fraction();
          ++one.tasks;
          one.whole = one.whole || !is_slice(device);
        }
      }
    }
  }
  return held;
}

}  // namespace

std::string device_grants_text(const model::AllocatedTaskResources& task) {
  std::string text;
  for (const auto& device : task.devices()) {
    std::string ids;
    for (const std::string& id : device.device_ids()) ids += (ids.empty() ? "" : ", ") + id;
    text += (text.empty() ? "" : "\n") + device.vendor() + "/" + device.type() + "/" +
            device.name() + " " + ids + " (" + size_text(device) + ")";
  }
  return text;
}

std::string node_devices_text(const Terminal& terminal, const model::Node& node,
                              const model::NodeAllocationsResponse& allocs) {
  if (node.node_resources().devices().empty()) return "";
  const auto held = held_devices(allocs);
  std::vector<Row> rows{{"Device", "ID", "Health", "Memory", "Shares", "Tasks"}};
  for (const auto& device : node.node_resources().devices()) {
    const std::string kind = device.vendor() + "/" + device.type() + "/" + device.name();
    for (const auto& instance : device.instances()) {
      const auto at = held.find(kind + "/" + instance.id());
      const Held use = at == held.end() ? Held{} : at->second;
      const std::int64_t total = instance.memory_mib();
      std::string health = instance.healthy() ? "healthy" : "unhealthy";
      if (!instance.healthy() && !instance.health_description().empty()) {
        health += ": " + instance.health_description();
      }
      rows.push_back({kind, instance.id(), health,
                      total == 0 ? "-"
                                 : std::to_string(use.whole ? total : use.memory_mib) + "/" +
                                       std::to_string(total) + " MiB",
                      percent(use.whole ? 1 : use.fraction),
                      use.tasks == 0 ? "free"
                      : use.whole    ? "whole"
                                     : std::to_string(use.tasks)});
    }
  }
  return table(terminal, rows);
}

}  // namespace yurt::cli
