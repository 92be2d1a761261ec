// NodeUse: what the allocations of one node hold beyond plain sums: cores, ports and devices.
//
// Every use is counted, since a leaving allocation and its successor may hold the same thing for a
// while. A plain value; no thread-safety of its own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proto/allocation.h"
#include "scheduler/devices/device_use.h"
#include "scheduler/port_set.h"

namespace yurt::scheduler {

class NodeUse {
 public:
  void add(const Allocation& alloc);
  // REQUIRES: add(alloc) came before
  void remove(const Allocation& alloc);

  [[nodiscard]] bool core_used(std::uint16_t core) const {
    return core < cores_.size() && cores_[core] > 0;
  }
  [[nodiscard]] bool port_used(const std::string& host_ip, std::uint16_t port) const;
  // Who holds the device instance "vendor/type/name/id".
  [[nodiscard]] const DeviceUse& device(const std::string& instance) const;
  bool operator==(const NodeUse& other) const;

 private:
  struct Address {
    std::string host_ip;
    PortSet ports;
    bool operator==(const Address&) const = default;
  };
  std::vector<std::uint16_t> cores_;          // uses by core number
  std::vector<Address> addresses_;            // only those with a port in use, ascending
  std::map<std::string, DeviceUse> devices_;  // only those in use
};

}  // namespace yurt::scheduler
