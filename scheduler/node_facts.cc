#include "scheduler/node_facts.h"

#include <algorithm>

namespace yurt::scheduler {
namespace {

void reserve(PortSet& set, const std::string& list) {
  const auto ports = parse_port_list(list);
  if (!ports.ok()) return;
  for (std::uint16_t port : *ports) {
    if (!set.contains(port)) set.add(port);
  }
}

std::uint16_t port_or(int value, std::uint16_t fallback) {
  return value > 0 && value <= 65535 ? static_cast<std::uint16_t>(value) : fallback;
}

}  // namespace

NodeFacts node_facts(const model::Node& node) {
  NodeFacts facts;
  const std::string& everywhere = node.reserved_resources().networks().reserved_host_ports();
  const auto add_address = [&](const std::string& ip, const std::string& network,
                               const std::string& reserved) {
    NodeFacts::Address address{ip, network.empty() ? "default" : network, {}};
    reserve(address.reserved, everywhere);
    reserve(address.reserved, reserved);
    auto host_network = node.host_networks().find(address.network);
    if (host_network != node.host_networks().end()) {
      reserve(address.reserved, host_network->second.reserved_ports());
    }
    facts.addresses.push_back(std::move(address));
  };
  for (const auto& network : node.node_resources().node_networks()) {
    for (const auto& address : network.addresses()) {
      add_address(address.address(), address.alias(), address.reserved_ports());
    }
  }
  const auto is_default = [](const auto& address) { return address.network == "default"; };
  if (std::none_of(facts.addresses.begin(), facts.addresses.end(), is_default)) {
    // Agents that report only the older list of networks, or none.
    for (const auto& network : node.node_resources().networks()) {
      if (!network.ip().empty()) add_address(network.ip(), "default", "");
    }
  }

  const auto& withheld = node.reserved_resources().cpu().reservable_cpu_cores();
  for (int core : node.node_resources().cpu().reservable_cpu_cores()) {
    if (core < 0 || core > UINT16_MAX) continue;
    if (std::find(withheld.begin(), withheld.end(), core) != withheld.end()) continue;
    facts.cores.push_back(static_cast<std::uint16_t>(core));
  }
  std::sort(facts.cores.begin(), facts.cores.end());

  facts.min_dynamic_port = port_or(node.node_resources().min_dynamic_port(), 20000);
  facts.max_dynamic_port = port_or(node.node_resources().max_dynamic_port(), 32000);
  facts.devices = node_devices(node);
  return facts;
}

}  // namespace yurt::scheduler
