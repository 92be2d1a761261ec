// The machine's network interfaces and the address tasks are reached at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/options.h"
#include "proto/state.pb.h"

namespace yurt::agent {

struct InterfaceAddress {
  std::string address;
  int prefix_bits = 0;
  bool is_v6 = false;
};

struct Interface {
  std::string name{};
  std::string mac{};
  bool loopback = false;
  int speed_mbits = 0;  // 0: not known
  std::vector<InterfaceAddress> addresses{};
};

// Those that are up and have an address.
[[nodiscard]] std::vector<Interface> read_interfaces();

// The interface of the default route in /proc/net/route; "" when there is none.
[[nodiscard]] std::string default_route_interface(std::string_view route_table);

// Whether `address` lies within `cidr` ("10.0.0.0/8"); false for what can't be read.
[[nodiscard]] bool in_cidr(const std::string& address, const std::string& cidr);

struct ChosenNetwork {
  std::string interface;
  std::string address;
};
// The configured interface, else the default route's, else the first with an address that is not
// loopback, else loopback. The configured address wins over the interface's.
[[nodiscard]] ChosenNetwork choose_network(const AgentOptions& options,
                                           const std::vector<Interface>& interfaces,
                                           const std::string& default_interface);

// Puts networks and host networks into the node.
void describe_networks(const AgentOptions& options, const std::vector<Interface>& interfaces,
                       const ChosenNetwork& chosen, model::Node& node);

}  // namespace yurt::agent
