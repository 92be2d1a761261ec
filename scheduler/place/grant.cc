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

std::variant<DeviceChoice, DeviceLack> devices_on(const GroupAsk& ask, const ClusterView& view,
                                                  Slot slot) {
  const NodeDevices& devices = view.facts(slot).devices;
  DeviceRooms rooms;
  for (const auto& group : devices.groups) {
    auto& of_group = rooms.emplace_back();
    for (const auto& one : group) {
      of_group.push_back(room_of(view.use(slot).device(one.key), one.memory_mib, devices.shares));
    }
  }
  return choose_devices(ask.devices, *view.node(slot), devices, rooms);
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
    const auto choice = devices_on(ask, view, slot);
    if (const auto* lack = std::get_if<DeviceLack>(&choice)) return name_of(*lack);
    for (const auto& granted : std::get<DeviceChoice>(choice).granted) {
      const auto& device = view.node(slot)->node_resources().devices(granted.device);
      const DeviceAsk& wanted = ask.devices[granted.ask];
      auto* shown = (*resources.mutable_tasks())[wanted.task].add_devices();
      shown->set_vendor(device.vendor());
      shown->set_type(device.type());
      shown->set_name(device.name());
      for (const std::string& id : granted.instances) shown->add_device_ids(id);
      shown->set_memory_mib(wanted.request.size().memory_mib);
      shown->set_fraction(wanted.request.fraction());
      shown->set_max_sharers(wanted.request.size().max_sharers);
    }
  }
  grant.resources = std::make_shared<const GrantedResources>(std::move(resources));
  return grant;
}

}  // namespace yurt::scheduler
