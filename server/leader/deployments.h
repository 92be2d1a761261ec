// Deployments: what a running deployment needs next. Pure.
//
// Allocations that failed within it are released for rescheduling; one whose time is up, or which
// an allocation failed for good, is failed; otherwise the job is scheduled again whenever health
// has changed, and the scheduler lets the next allocations through or ends the deployment.
#pragma once

#include <string>
#include <vector>

#include "proto/state.pb.h"
#include "server/state/changes.h"
#include "server/state/snapshot.h"

namespace yurt::server {

struct DeploymentStep {
  std::vector<AllocRef> release;  // set DesiredTransition.Reschedule
  bool fail = false;
  std::string description;  // why it fails
};

// REQUIRES: the deployment is live
[[nodiscard]] DeploymentStep next_deployment_step(const Snapshot& state,
                                                  const model::Deployment& deployment,
                                                  std::int64_t now_ns);

// The live deployments whose progress `changes` may have moved.
[[nodiscard]] std::vector<DeploymentId> moved_deployments(const Changes& changes);

}  // namespace yurt::server
