// What a job's newest deployment means for this run, and what becomes of it. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/ids.h"
#include "proto/state.pb.h"
#include "scheduler/plan.h"
#include "scheduler/reconcile/group_pass.h"

namespace yurt::scheduler {

// running, paused, and the states of multiregion deployments that are under way
[[nodiscard]] bool is_active(const model::Deployment& deployment);

struct DeploymentStanding {
  DeploymentView view;
  // The newest deployment belongs to another version, or the job is stopped: it is cancelled.
  std::optional<Plan::DeploymentStatus> cancel;
};

// `job` null or stopped: the job is to stop.
[[nodiscard]] DeploymentStanding deployment_standing(const DeploymentRef& latest,
                                                     const model::Job* job);

// A deployment of the job's newest version over these groups.
[[nodiscard]] model::Deployment new_deployment(
    const DeploymentId& id, const model::Job& job,
    const std::map<std::string, model::DeploymentState>& groups, int eval_priority,
    std::int64_t now_ns);

}  // namespace yurt::scheduler
