// choose_ports: concrete ports for a group on one node: static ones if they are free, dynamic ones
// at random from the node's range (20000 to 32000 unless it says otherwise).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/random.h"
#include "scheduler/cluster_view.h"
#include "scheduler/place/group_ask.h"

namespace yurt::scheduler {

// Static ports first; or why the node can't give them. REQUIRES: view.node(slot)
[[nodiscard]] std::variant<std::vector<GrantedPort>, std::string> choose_ports(
    const std::vector<PortAsk>& asks, const ClusterView& view, Slot slot, Random& random);

}  // namespace yurt::scheduler
