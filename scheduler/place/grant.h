// grant_on: the exact part of fitting a group on one node: which ports, cores and devices it gets.
// The sums (CPU, memory, disk) are checked by `sums_refusal`, cheap enough for every node.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/random.h"
#include "scheduler/cluster_view.h"
#include "scheduler/devices/device_choice.h"
#include "scheduler/place/group_ask.h"

namespace yurt::scheduler {

struct Grant {
  std::shared_ptr<const GrantedResources> resources;
  std::vector<GrantedPort> ports;
};

// Why a node can't take the group, as shown in DimensionExhausted ("memory", "cpu",
// "network: reserved port collision http=8080").
using Refusal = std::string;

// MHz the group takes on this node, reserved cores included.
[[nodiscard]] std::int64_t cpu_on(const GroupAsk& ask, const ClusterView& view, Slot slot);

// nullptr when the sums fit; otherwise the dimension.
[[nodiscard]] const char* sums_refusal(const GroupAsk& ask, const ClusterView& view, Slot slot);

// REQUIRES: view.node(slot)
[[nodiscard]] std::variant<Grant, Refusal> grant_on(const GroupAsk& ask, const ClusterView& view,
                                                    Slot slot, Random& random);

// Which devices the group would get; the fragmentation it would add.
// REQUIRES: view.node(slot)
[[nodiscard]] std::variant<DeviceChoice, DeviceLack> devices_on(const GroupAsk& ask,
                                                                const ClusterView& view, Slot slot);

}  // namespace yurt::scheduler
