// choose_devices: which of a node's devices serve the requests of a group's tasks, together.
//
// Whole devices are free ones, of one model where some model has enough of them, otherwise of
// several that all meet the constraints; slices go where they leave the least unusable, shared
// devices before free ones. Affinities come before both. Blocks of one task get different devices;
// tasks of one group may share. Requests that few devices can serve are served first, and when one
// is left without, others are moved (a bounded search, so that a node is never asked for long).
// Pure, and the same everywhere.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "scheduler/devices/device_request.h"
#include "scheduler/devices/device_use.h"
#include "scheduler/devices/node_devices.h"

namespace yurt::scheduler {

// What is free of each of a node's devices, in the order of its groups and their instances.
using DeviceRooms = std::vector<std::vector<DeviceRoom>>;

struct DeviceChoice {
  struct Granted {
    std::size_t ask;  // position in the asks
    int device;       // position in the node's devices
    std::vector<std::string> instances;
  };
  std::vector<Granted> granted;  // in the order of the asks; one ask may have several
  // Σ affinity weights met / Σ |weights| over the requests that have affinities.
  double affinity = 0;
  // What the choice adds to the node's fragmentation: see devices/fragmentation.h.
  double added_fragmentation = 0;
};

// `rooms` as they are before; REQUIRES: `devices` and `rooms` are of `node`
[[nodiscard]] std::variant<DeviceChoice, DeviceLack> choose_devices(std::span<const DeviceAsk> asks,
                                                                    const model::Node& node,
                                                                    const NodeDevices& devices,
                                                                    const DeviceRooms& rooms);

// Would the node's healthy devices, all free, serve every request? "" or what is missing, as shown
// in ConstraintFiltered.
[[nodiscard]] std::string missing_devices(std::span<const DeviceAsk> asks, const model::Node& node);

}  // namespace yurt::scheduler
