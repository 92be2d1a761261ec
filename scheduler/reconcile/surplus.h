// Which allocations go when a group has more than it wants. Pure.
#pragma once

#include <functional>
#include <unordered_set>
#include <vector>

#include "proto/allocation.h"

namespace yurt::model {
class DeploymentState;
}

namespace yurt::scheduler {

struct SurplusInput {
  const std::vector<AllocRef>& untainted;
  const std::vector<AllocRef>& migrate;
  // Whether one of `untainted` is part of the group's count (canaries and unknown ones are not).
  std::function<bool(const Allocation&)> counts;
  std::unordered_set<AllocId> promoted_canaries;
  int wanted = 0;
};

// In this order, until enough are found: failed ones; those that share a name with a promoted
// canary; those that are to move; then by falling name.
[[nodiscard]] std::vector<AllocRef> choose_surplus(const SurplusInput& input);

// The canaries of a deployment's group once they are promoted; none before. `state` may be null.
[[nodiscard]] std::unordered_set<AllocId> promoted_canaries(const model::DeploymentState* state);

}  // namespace yurt::scheduler
