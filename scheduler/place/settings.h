// Settings: what the cluster's scheduler configuration and the job's node pool say about one run.
#pragma once

#include "proto/job.pb.h"
#include "scheduler/state_view.h"

namespace yurt::scheduler {

struct Settings {
  bool worst_fit = false;  // scheduler_algorithm = "spread"
  bool memory_oversubscription = false;
  bool preemption = false;  // for the job's type
};

// Without a stored configuration: binpack, no oversubscription, preemption for system jobs.
[[nodiscard]] Settings settings_for(const StateView& state, const model::Job& job);

}  // namespace yurt::scheduler
