// run_system: one scheduling run for a system or sysbatch job: one allocation of each group on
// every node that may have it.
#pragma once

#include "scheduler/scheduler.h"

namespace yurt::scheduler {

[[nodiscard]] Outcome run_system(const Request& request);

}  // namespace yurt::scheduler
