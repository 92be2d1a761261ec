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

}  // namespace yurt::scheduler
