#include <map>
#include <set>

#include "jobspec/validate/checks.h"

namespace yurt::jobspec {
namespace {

constexpr int highest_port = 65535;

// What must differ between all ports of a group.
struct Seen {
  std::set<std::string> labels;
  std::map<std::pair<std::string, int>, std::string> numbers;  // (host network, port) → label
};

void check_port(const model::Port& port, bool reserved, const std::string& mode,
                const std::string& path, Seen& seen, Issues& issues) {
  if (port.label().empty()) issues.error(path, "a port needs a label");
  if (!seen.labels.insert(port.label()).second) {
    issues.error(path, "port label " + quoted(port.label()) + " is used twice in the group");
  }
  if (port.to() < -1 || port.to() > highest_port) {
    issues.error(path_of(path, "to"),
                 "to must be a port from 1 to 65535, or -1 for the same as "
                 "outside, not " +
                     std::to_string(port.to()));
  }
  if (port.ignore_collision() && !mode.empty() && mode != "host") {
    issues.error(path_of(path, "ignore_collision"),
                 "ignore_collision is possible in network mode \"host\" only");
  }
  if (!reserved) return;
  if (port.static_() < 1 || port.static_() > highest_port) {
    issues.error(path_of(path, "static"),
                 "static must be from 1 to 65535, not " + std::to_string(port.static_()));
    return;
  }
  const auto [other, is_new] =
      seen.numbers.emplace(std::pair(port.host_network(), port.static_()), port.label());
  if (!is_new && !port.ignore_collision()) {
    issues.error(path_of(path, "static"), "port " + std::to_string(port.static_()) +
                                              " is reserved by port " + quoted(other->second) +
                                              " already");
  }
}

void check_ports(const model::NetworkResource& network, const std::string& path, Seen& seen,
                 Issues& issues) {
  for (int i = 0; i < network.reserved_ports_size(); ++i) {
    check_port(network.reserved_ports(i), true, network.mode(), path_of(path, "reserved_ports", i),
               seen, issues);
  }
  for (int i = 0; i < network.dynamic_ports_size(); ++i) {
    check_port(network.dynamic_ports(i), false, network.mode(), path_of(path, "dynamic_ports", i),
               seen, issues);
  }
}

void check_mode(const model::TaskGroup& group, const model::NetworkResource& network,
                const std::string& path, Issues& issues) {
  const std::string& mode = network.mode();
  const std::string own_path = path_of(path, "mode");
  if (mode.empty() || mode == "host") return;
  if (mode.starts_with("cni/")) {
    issues.error(own_path, "network mode " + quoted(mode) +
                               " needs CNI plugins, which Yurt does not use: use \"host\", or "
                               "\"bridge\" with the docker driver");
    return;
  }
  if (!check_choice("mode", mode, {"host", "bridge", "none"}, own_path, issues)) return;
  for (const model::Task& task : group.task()) {
    if (task.driver() != "raw_exec") continue;
    issues.error(own_path, "network mode " + quoted(mode) + " is not possible with task " +
                               quoted(task.name()) +
                               ": raw_exec tasks use the host's network; use mode \"host\"");
    return;
  }
}

}  // namespace

void check_group_networks(const model::TaskGroup& group, const std::string& path, Issues& issues) {
  if (group.network_size() > 1) {
    issues.error(path_of(path, "network", 1), "a group has at most one network block");
  }
  Seen seen;
  for (int i = 0; i < group.network_size(); ++i) {
    const std::string own_path = path_of(path, "network", i);
    check_mode(group, group.network(i), own_path, issues);
    check_ports(group.network(i), own_path, seen, issues);
  }
  for (int t = 0; t < group.task_size(); ++t) {
    const std::string task_path = path_of(path, "task", t);
    const auto& networks = group.task(t).resources().network();
    for (int i = 0; i < networks.size(); ++i) {
      const std::string own_path = path_of(path_of(task_path, "resources"), "network", i);
      issues.warning(own_path, "a network block in resources is deprecated: move it to the group");
      check_ports(networks[i], own_path, seen, issues);
    }
  }
}

}  // namespace yurt::jobspec
