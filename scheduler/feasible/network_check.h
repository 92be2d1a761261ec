// Does a node have the network mode and the host networks that a group asks for? Pure.
#pragma once

#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::scheduler {

// "" when it has; otherwise why not, as shown in ConstraintFiltered.
[[nodiscard]] std::string network_refusal(const model::TaskGroup& group, const model::Node& node);

}  // namespace yurt::scheduler
