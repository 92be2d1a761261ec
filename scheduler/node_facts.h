// node_facts: reads from a node what placement needs of its addresses, cores and port range.
// Pure. A port list that can't be read counts as empty.
#pragma once

#include "proto/state.pb.h"
#include "scheduler/cluster_view.h"

namespace yurt::scheduler {

[[nodiscard]] NodeFacts node_facts(const model::Node& node);

}  // namespace yurt::scheduler
