#include "scheduler/node_use.h"

#include <algorithm>

#include "base/assert.h"

namespace yurt::scheduler {

void NodeUse::add(const Allocation& alloc) {
  if (alloc.resources) {
    for (std::uint16_t core : alloc.resources->reserved_cores) {
      if (core >= cores_.size()) cores_.resize(core + 1U, 0);
      ++cores_[core];
    }
    for (const GrantedDevice& device : alloc.resources->devices) {
      devices_[device.instance].add(device.size);
    }
  }
  for (const GrantedPort& port : alloc.ports) {
    auto at = std::lower_bound(
        addresses_.begin(), addresses_.end(), port.host_ip,
        [](const Address& address, const std::string& ip) { return address.host_ip < ip; });
    if (at == addresses_.end() || at->host_ip != port.host_ip) {
      at = addresses_.insert(at, Address{port.host_ip, {}});
    }
    at->ports.add(port.value);
  }
}

void NodeUse::remove(const Allocation& alloc) {
  if (alloc.resources) {
    for (std::uint16_t core : alloc.resources->reserved_cores) {
      YURT_ASSERT(core_used(core));
      --cores_[core];
    }
    for (const GrantedDevice& device : alloc.resources->devices) {
      auto at = devices_.find(device.instance);
      YURT_ASSERT(at != devices_.end());
      at->second.remove(device.size);
      if (at->second.free()) devices_.erase(at);
    }
  }
  for (const GrantedPort& port : alloc.ports) {
    auto at = std::find_if(addresses_.begin(), addresses_.end(),
                           [&](const Address& address) { return address.host_ip == port.host_ip; });
    YURT_ASSERT(at != addresses_.end());
    at->ports.remove(port.value);
    if (at->ports.empty()) addresses_.erase(at);
  }
}

bool NodeUse::port_used(const std::string& host_ip, std::uint16_t port) const {
  auto at = std::find_if(addresses_.begin(), addresses_.end(),
                         [&](const Address& address) { return address.host_ip == host_ip; });
  return at != addresses_.end() && at->ports.contains(port);
}

const DeviceUse& NodeUse::device(const std::string& instance) const {
  static const DeviceUse nobody;
  auto at = devices_.find(instance);
  return at == devices_.end() ? nobody : at->second;
}

bool NodeUse::operator==(const NodeUse& other) const {
  // Cores no allocation holds may or may not have a place in the array.
  const std::size_t cores = std::max(cores_.size(), other.cores_.size());
  for (std::size_t core = 0; core < cores; ++core) {
    const std::uint16_t own = core < cores_.size() ? cores_[core] : 0;
    const std::uint16_t theirs = core < other.cores_.size() ? other.cores_[core] : 0;
    if (own != theirs) return false;
  }
  return addresses_ == other.addresses_ && devices_ == other.devices_;
}

}  // namespace yurt::scheduler
