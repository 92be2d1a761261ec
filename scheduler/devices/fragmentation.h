// Fragmentation: how much of what a node has free cannot be used by requests of the usual sizes.
//
// The measure of Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with
// Fragmentation Gradient Descent" (USENIX ATC 2023): for each size that requests typically have,
// the free capacity that none of that size could take; then their weighted mean. Sizes and weights
// are fixed, so that a decision depends on the node alone: slices of an eighth, a quarter and a
// half, and one, two, four and eight whole devices. A placement is the better the less it adds.
// In devices: 1 is one device's capacity. Pure.
#pragma once

#include <span>
#include <vector>

#include "scheduler/devices/device_use.h"

namespace yurt::scheduler {

// Of one group of equal devices.
[[nodiscard]] double fragmentation(std::span<const DeviceRoom> rooms);

// From what a placement adds to it, a score between 0 and 1; 0.5 when nothing changes.
[[nodiscard]] double packing_score(double added_fragmentation);

}  // namespace yurt::scheduler
