#include "scheduler/feasible/network_check.h"

#include "scheduler/feasible/target.h"

namespace yurt::scheduler {
namespace {

bool has_mode(const model::Node& node, const std::string& mode) {
  for (const auto& network : node.node_resources().node_networks()) {
    if (network.mode() == mode) return true;
  }
  return false;
}

bool has_host_network(const model::Node& node, const std::string& name) {
  if (name.empty() || name == "default") return true;
  for (const auto& network : node.node_resources().node_networks()) {
    for (const auto& address : network.addresses()) {
      if (address.alias() == name) return true;
    }
  }
  return false;
}

std::string missing_host_network(const model::Port& port, const model::Node& node) {
  const auto name = Target(port.host_network()).resolve(node);
  if (name && has_host_network(node, *name)) return "";
  return "missing host network \"" + name.value_or(port.host_network()) + "\" for port \"" +
         port.label() + "\"";
}

}  // namespace

std::string network_refusal(const model::TaskGroup& group, const model::Node& node) {
  for (const auto& network : group.network()) {
    const std::string& mode = network.mode();
    if (mode == "bridge" || mode.starts_with("cni/")) {
      if (!has_mode(node, mode)) return "missing network";
    }
    for (const auto* ports : {&network.reserved_ports(), &network.dynamic_ports()}) {
      for (const auto& port : *ports) {
        if (port.host_network().empty()) continue;
        if (auto reason = missing_host_network(port, node); !reason.empty()) return reason;
      }
    }
  }
  return "";
}

}  // namespace yurt::scheduler
