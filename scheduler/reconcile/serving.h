// Whether an instance serves, as far as servers know. Pure.
#pragma once

#include "proto/allocation.h"

namespace yurt::scheduler {

// It runs and its agent has found it healthy, as agents do in deployments and outside. One that was
// healthy and waits for the verdict of a new deployment, which took it over as it is, serves.
[[nodiscard]] inline bool serves(const Allocation& alloc) {
  return alloc.client == ClientStatus::running &&
         alloc.more().deployment_healthy.value_or(alloc.more().deployment_health_time != 0);
}

// The order in which a release replaces instances: what does not serve costs nothing and goes
// first, then by name.
[[nodiscard]] inline bool replaced_before(const AllocRef& a, const AllocRef& b) {
  const bool a_serves = serves(*a), b_serves = serves(*b);
  if (a_serves != b_serves) return b_serves;
  return a->name_index != b->name_index ? a->name_index < b->name_index : a->id < b->id;
}

}  // namespace yurt::scheduler
