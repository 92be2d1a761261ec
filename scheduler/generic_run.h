// run_generic: one scheduling run for a service or batch job: reconcile every group, then find
// nodes, replacements of running allocations first.
#pragma once

#include "scheduler/scheduler.h"

namespace yurt::scheduler {

[[nodiscard]] Outcome run_generic(const Request& request);

}  // namespace yurt::scheduler
