// What a running deployment needs next. Pure.
//
// A deployment whose time without progress is up, or which an allocation has failed for good,
// fails; one whose canaries have all proven themselves is promoted, where it says so; allocations
// that failed within it are released for rescheduling. A paused one needs nothing: no time passes
// for it.
#pragma once

#include <string>
#include <vector>

#include "proto/state.pb.h"
#include "server/state/snapshot.h"

namespace yurt::server {

struct DeploymentStep {
  bool promote = false;
  bool fail = false;
  bool revert = false;            // a group that made it fail goes back by itself
  std::string description;        // why it fails
  std::vector<AllocRef> release;  // set DesiredTransition.Reschedule
  // When to look again though nothing moves (Unix nanoseconds); 0: never.
  std::int64_t look_at = 0;
};

// REQUIRES: the deployment is live
[[nodiscard]] DeploymentStep next_deployment_step(const Snapshot& state,
                                                  const model::Deployment& deployment,
                                                  std::int64_t now_ns);

}  // namespace yurt::server
