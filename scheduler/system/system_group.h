// reconcile_system_group: what has to happen, node by node, for one group of a system or sysbatch
// job. Decides which nodes get one, keep theirs, lose theirs or get theirs replaced. Pure.
#pragma once

#include <string>
#include <vector>

#include "scheduler/reconcile/followups.h"
#include "scheduler/run_context.h"

namespace yurt::scheduler {

struct SystemGroupResult {
  struct Replacement {
    AllocRef old;
    Slot slot;
    bool canary = false;
  };
  struct Placement {
    Slot slot;
    AllocRef previous;  // its finished predecessor on the node; null: none
  };
  std::vector<Placement> place;
  std::vector<Replacement> replace;  // destructive, as many as are allowed now
  std::vector<Stop> stop;
  std::vector<AllocRef> in_place;
  std::vector<Update> update;
  std::vector<FollowUp> followups;
  std::optional<model::DeploymentState> new_deployment;
  bool deployment_complete = true;
  model::DesiredUpdates desired;
};

// `group` −1: the job no longer has it. `allocs`: all of the group.
[[nodiscard]] SystemGroupResult reconcile_system_group(RunContext& run, int group,
                                                       const std::string& name,
                                                       const std::vector<AllocRef>& allocs,
                                                       const DeploymentView& deployment);

}  // namespace yurt::scheduler
