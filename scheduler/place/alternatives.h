// Alternatives: a job's group once for each combination of its device blocks' alternatives
// (`first_available`), the preferred first.
//
// A block and its alternatives are tried in the order in which they are written; of several blocks
// in a group the last one changes first. Pure.
#pragma once

#include <vector>

#include "proto/allocation.h"

namespace yurt::scheduler {

// The job itself where the group has no alternatives; otherwise copies of it in which the group's
// device blocks are one alternative each.
[[nodiscard]] std::vector<JobRef> alternatives_of(const JobRef& job, int group);

}  // namespace yurt::scheduler
