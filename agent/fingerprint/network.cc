#include "agent/fingerprint/network.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sstream>

#include "base/file.h"

namespace yurt::agent {
namespace {

constexpr int assumed_speed_mbits = 1000;

int bits_set(const unsigned char* bytes, std::size_t size) {
  int bits = 0;
  for (std::size_t i = 0; i < size; ++i) bits += __builtin_popcount(bytes[i]);
  return bits;
}

void add_address(Interface& interface, const ifaddrs& entry) {
  char text[INET6_ADDRSTRLEN] = {};
  InterfaceAddress address;
  if (entry.ifa_addr->sa_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(entry.ifa_addr);
    const auto* mask = reinterpret_cast<const sockaddr_in*>(entry.ifa_netmask);
    ::inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
    address.prefix_bits = bits_set(reinterpret_cast<const unsigned char*>(&mask->sin_addr), 4);
  } else {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(entry.ifa_addr);
    const auto* mask = reinterpret_cast<const sockaddr_in6*>(entry.ifa_netmask);
    if (IN6_IS_ADDR_LINKLOCAL(&in->sin6_addr)) return;
    ::inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
    address.prefix_bits = bits_set(reinterpret_cast<const unsigned char*>(&mask->sin6_addr), 16);
    address.is_v6 = true;
  }
  address.address = text;
  interface.addresses.push_back(address);
}

// The address's bytes: 4 or 16, empty when it is none.
std::string address_bytes(const std::string& text) {
  in6_addr v6{};
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    return {reinterpret_cast<const char*>(&v4), sizeof v4};
  }
  if (::inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    return {reinterpret_cast<const char*>(&v6), sizeof v6};
  }
  return {};
}

const Interface* find(const std::vector<Interface>& interfaces, const std::string& name) {
  const auto found = std::find_if(interfaces.begin(), interfaces.end(),
                                  [&](const Interface& one) { return one.name == name; });
  return found == interfaces.end() ? nullptr : &*found;
}

// IPv4 before IPv6.
std::string first_address(const Interface& interface) {
  for (const bool v6 : {false, true}) {
    for (const auto& address : interface.addresses) {
      if (address.is_v6 == v6) return address.address;
    }
  }
  return "";
}

}  // namespace

std::vector<Interface> read_interfaces() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  std::map<std::string, Interface> by_name;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    auto& interface = by_name[entry->ifa_name];
    interface.name = entry->ifa_name;
    interface.loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0;
    const int family = entry->ifa_addr->sa_family;
    if ((family == AF_INET || family == AF_INET6) && entry->ifa_netmask != nullptr) {
      add_address(interface, *entry);
    } else if (family == AF_PACKET) {
      const auto* link = reinterpret_cast<const sockaddr_ll*>(entry->ifa_addr);
      for (int i = 0; i < link->sll_halen; ++i) {
        interface.mac += fmt::format("{}{:02x}", i == 0 ? "" : ":", link->sll_addr[i]);
      }
    }
  }
  ::freeifaddrs(list);
  std::vector<Interface> interfaces;
  for (auto& [name, interface] : by_name) {
    if (interface.addresses.empty()) continue;
    const auto speed = read_file("/sys/class/net/" + name + "/speed");
    if (speed.ok()) interface.speed_mbits = std::max(0, std::atoi(speed->c_str()));
    interfaces.push_back(std::move(interface));
  }
  return interfaces;
}

std::string default_route_interface(std::string_view route_table) {
  std::istringstream lines{std::string(route_table)};
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string name;
    std::string destination;
    fields >> name >> destination;
    if (destination == "00000000") return name;
  }
  return "";
}

bool in_cidr(const std::string& address, const std::string& cidr) {
  const std::size_t slash = cidr.find('/');
  if (slash == std::string::npos) return false;
  const std::string own = address_bytes(address);
  const std::string net = address_bytes(cidr.substr(0, slash));
  const int bits = std::atoi(cidr.c_str() + slash + 1);
  if (own.empty() || own.size() != net.size() || bits < 0 ||
      bits > static_cast<int>(own.size()) * 8) {
    return false;
  }
  for (int i = 0; i < bits; ++i) {
    const int shift = 7 - i % 8;
    const auto at = static_cast<std::size_t>(i / 8);
    if (((own[at] >> shift) & 1) != ((net[at] >> shift) & 1)) return false;
  }
  return true;
}

ChosenNetwork choose_network(const AgentOptions& options, const std::vector<Interface>& interfaces,
                             const std::string& default_interface) {
  const Interface* chosen = nullptr;
  for (const std::string& name : {options.network_interface, default_interface}) {
    if (chosen == nullptr && !name.empty()) chosen = find(interfaces, name);
  }
  for (const bool loopback : {false, true}) {
    for (const auto& one : interfaces) {
      if (chosen == nullptr && one.loopback == loopback) chosen = &one;
    }
  }
  ChosenNetwork result;
  if (chosen != nullptr) result = {chosen->name, first_address(*chosen)};
  if (!options.advertise_address.empty()) result.address = options.advertise_address;
  if (result.address.empty()) result.address = "127.0.0.1";
  return result;
}

void describe_networks(const AgentOptions& options, const std::vector<Interface>& interfaces,
                       const ChosenNetwork& chosen, model::Node& node) {
  auto& resources = *node.mutable_node_resources();
  auto& network = *resources.add_networks();
  network.set_mode("host");
  network.set_device(chosen.interface);
  network.set_ip(chosen.address);
  network.set_cidr(chosen.address +
                   (chosen.address.find(':') == std::string::npos ? "/32" : "/128"));
  const Interface* main = find(interfaces, chosen.interface);
  const int speed =
      main != nullptr && main->speed_mbits > 0 ? main->speed_mbits : assumed_speed_mbits;
  network.set_mbits(speed);

  const auto add = [&](const Interface& interface, const std::string& address, bool v6,
                       const std::string& alias, const std::string& reserved) {
    auto& entry = *resources.add_node_networks();
    entry.set_mode("host");
    entry.set_device(interface.name);
    entry.set_mac_address(interface.mac);
    entry.set_speed(interface.speed_mbits > 0 ? interface.speed_mbits : assumed_speed_mbits);
    auto& described = *entry.add_addresses();
    described.set_family(v6 ? "ipv6" : "ipv4");
    described.set_alias(alias);
    described.set_address(address);
    described.set_reserved_ports(reserved);
  };
  Interface fallback;
  fallback.name = chosen.interface;
  add(main != nullptr ? *main : fallback, chosen.address,
      chosen.address.find(':') != std::string::npos, "default", options.reserved.ports);
  for (const auto& host : options.host_networks) {
    auto& described = (*node.mutable_host_networks())[host.name];
    described.set_name(host.name);
    described.set_cidr(host.cidr);
    described.set_interface(host.interface);
    described.set_reserved_ports(host.reserved_ports);
    for (const auto& interface : interfaces) {
      if (!host.interface.empty() && interface.name != host.interface) continue;
      for (const auto& address : interface.addresses) {
        if (host.cidr.empty() ? !host.interface.empty() : in_cidr(address.address, host.cidr)) {
          add(interface, address.address, address.is_v6, host.name, host.reserved_ports);
        }
      }
    }
  }
}

}  // namespace yurt::agent
