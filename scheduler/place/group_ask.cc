#include "scheduler/place/group_ask.h"

#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::scheduler {
namespace {

constexpr int default_cpu_mhz = 100, default_memory_mb = 300, default_disk_mb = 300;

void add_ports(const model::NetworkResource& network, std::vector<PortAsk>& ports) {
  for (const auto& port : network.reserved_ports()) {
    ports.push_back({port.label(), static_cast<std::uint16_t>(port.static_()), port.to(),
                     Target(port.host_network().empty() ? "default" : port.host_network()),
                     port.ignore_collision()});
  }
  for (const auto& port : network.dynamic_ports()) {
    ports.push_back({port.label(), 0, port.to(),
                     Target(port.host_network().empty() ? "default" : port.host_network()), false});
  }
}

}  // namespace

GroupAsk::~GroupAsk() = default;

GroupAsk::GroupAsk(const model::TaskGroup& group, bool with_memory_max, const MemoryGrants& memory)
    : message(std::make_unique<model::AllocatedResources>()) {
  for (const auto& task : group.task()) {
    const model::Resources& wanted = task.resources();
    auto& granted = (*message->mutable_tasks())[task.name()];
    if (wanted.cores() > 0) {
      cores += static_cast<std::uint32_t>(wanted.cores());
      task_cores.push_back({task.name(), static_cast<std::uint32_t>(wanted.cores())});
      granted.mutable_cpu()->set_cpu_shares(0);
    } else {
      granted.mutable_cpu()->set_cpu_shares(wanted.has_cpu() ? wanted.cpu() : default_cpu_mhz);
    }
    TaskMemory own{wanted.has_memory() ? wanted.memory() : default_memory_mb, wanted.memory_max()};
    if (const auto more = memory.find(task.name()); more != memory.end()) own = more->second;
    granted.mutable_memory()->set_memory_mb(own.memory_mb);
    if (with_memory_max) granted.mutable_memory()->set_memory_max_mb(own.memory_max_mb);
    for (const auto& network : wanted.network()) add_ports(network, ports);
    for (const auto& device : wanted.device()) {
      devices.push_back({task.name(), DeviceRequest(device)});
    }
  }
  auto* shared_part = message->mutable_shared();
  shared_part->set_disk_mb(group.ephemeral_disk().has_size() ? group.ephemeral_disk().size()
                                                             : default_disk_mb);
  for (const auto& network : group.network()) {
    add_ports(network, ports);
    auto* shown = shared_part->add_networks();
    shown->set_mode(network.mode());
    shown->set_hostname(network.hostname());
    if (network.has_dns()) *shown->mutable_dns() = network.dns();
  }
  auto granted = std::make_shared<const GrantedResources>(*message);
  totals = granted->totals;
  if (cores == 0 && devices.empty()) shared = std::move(granted);
}

}  // namespace yurt::scheduler
