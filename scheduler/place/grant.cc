#include "scheduler/place/grant.h"

#include "proto/state.pb.h"
#include "scheduler/place/port_choice.h"

namespace yurt::scheduler {
namespace {

std::int64_t mhz_per_core(const model::Node& node) {
  const auto& cpu = node.node_resources().cpu();
  return cpu.total_cpu_cores() > 0 ? cpu.cpu_shares() / cpu.total_cpu_cores() : 0;
}

// The first free cores in ascending order, handed to tasks in the job's order.
bool grant_cores(const GroupAsk& ask, const ClusterView& view, Slot slot,
                 model::AllocatedResources& granted) {
  const auto& cores = view.facts(slot).cores;
  auto core = cores.begin();
  const std::int64_t mhz = mhz_per_core(*view.node(slot));
  for (const auto& task : ask.task_cores) {
    auto* cpu = (*granted.mutable_tasks())[task.task].mutable_cpu();
    for (std::uint32_t left = task.cores; left > 0; --left, ++core) {
      while (core != cores.end() && view.use(slot).core_used(*core)) ++core;
      if (core == cores.end()) return false;
      cpu->add_reserved_cores(*core);
    }
    cpu->set_cpu_shares(mhz * task.cores);
  }
  return true;
}

std::string key_of(const model::NodeDevice& device, const std::string& instance) {
  return device.vendor() + "/" + device.type() + "/" + device.name() + "/" + instance;
}

}  // namespace

std::int64_t cpu_on(const GroupAsk& ask, const ClusterView& view, Slot slot) {
  if (ask.cores == 0) return ask.totals.cpu_mhz;
  return ask.totals.cpu_mhz + mhz_per_core(*view.node(slot)) * ask.cores;
}

const char* sums_refusal(const GroupAsk& ask, const ClusterView& view, Slot slot) {
  const NodeColumns& columns = view.columns();
  if (columns.memory_used[slot] + ask.totals.memory_mb > columns.memory_capacity[slot]) {
    return "memory";
  }
  if (columns.cpu_used[slot] + cpu_on(ask, view, slot) > columns.cpu_capacity[slot]) return "cpu";
  if (columns.disk_used[slot] + ask.totals.disk_mb > columns.disk_capacity[slot]) return "disk";
  if (columns.allocs_used[slot] >= columns.allocs_limit[slot]) return "allocations";
  return nullptr;
}

std::optional<DeviceChoice> choose_devices(const GroupAsk& ask, const ClusterView& view,
                                           Slot slot) {
  const auto& devices = view.node(slot)->node_resources().devices();
  std::vector<std::vector<std::string>> free(static_cast<std::size_t>(devices.size()));
  for (int i = 0; i < devices.size(); ++i) {
    for (const auto& instance : devices[i].instances()) {
      if (instance.healthy() &&
          view.use(slot).device_uses(key_of(devices[i], instance.id())) == 0) {
        free[static_cast<std::size_t>(i)].push_back(instance.id());
      }
    }
  }
  DeviceChoice choice;
  double met = 0, total = 0;
  for (std::size_t a = 0; a < ask.devices.size(); ++a) {
    const DeviceRequest& request = ask.devices[a].request;
    int best = -1;
    double best_sum = 0;
    for (int i = 0; i < devices.size(); ++i) {
      if (free[static_cast<std::size_t>(i)].size() < request.count() ||
          !request.matches(devices[i])) {
        continue;
      }
      const double sum = request.affinity_sum(devices[i]);
      if (best < 0 || sum > best_sum) {
        best = i;
        best_sum = sum;
      }
    }
    if (best < 0) return std::nullopt;
    auto& instances = free[static_cast<std::size_t>(best)];
    const auto end = instances.begin() + static_cast<std::ptrdiff_t>(request.count());
    choice.granted.push_back({a, best, {instances.begin(), end}});
    instances.erase(instances.begin(), end);
    if (request.has_affinities()) {
      met += best_sum;
      total += request.weight_total();
    }
  }
  choice.affinity = total > 0 ? met / total : 0;
  return choice;
}

std::variant<Grant, Refusal> grant_on(const GroupAsk& ask, const ClusterView& view, Slot slot,
                                      Random& random) {
  Grant grant;
  if (!ask.ports.empty()) {
    auto ports = choose_ports(ask.ports, view, slot, random);
    if (auto* refusal = std::get_if<Refusal>(&ports)) return "network: " + *refusal;
    grant.ports = std::get<std::vector<GrantedPort>>(std::move(ports));
  }
  if (ask.shared) {
    grant.resources = ask.shared;
    return grant;
  }
  model::AllocatedResources resources = *ask.message;
  if (ask.cores > 0 && !grant_cores(ask, view, slot, resources)) return "cores";
  if (!ask.devices.empty()) {
    const auto choice = choose_devices(ask, view, slot);
    if (!choice) return "devices";
    for (const auto& granted : choice->granted) {
      const auto& device = view.node(slot)->node_resources().devices(granted.device);
      auto* shown = (*resources.mutable_tasks())[ask.devices[granted.ask].task].add_devices();
      shown->set_vendor(device.vendor());
      shown->set_type(device.type());
      shown->set_name(device.name());
      for (const std::string& id : granted.instances) shown->add_device_ids(id);
    }
  }
  grant.resources = std::make_shared<const GrantedResources>(std::move(resources));
  return grant;
}

}  // namespace yurt::scheduler
