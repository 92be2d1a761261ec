// The scheduler's door: an evaluation and a consistent view of the cluster in, a plan out.
//
// Pure: time, IDs and chance are arguments, so the same input gives the same plan. No thread-safety
// of its own: one ClusterView per thread.
#pragma once

#include "base/random.h"
#include "proto/state.pb.h"
#include "scheduler/cluster_view.h"
#include "scheduler/plan.h"
#include "scheduler/state_view.h"

namespace yurt::scheduler {

struct Request {
  const model::Evaluation& eval;
  const StateView& state;
  // Columns over all nodes, brought up to `state`'s version. Changed during the run to account for
  // the plan's own placements, and restored before returning.
  ClusterView& cluster;
  std::int64_t now_ns;  // Unix nanoseconds
  // Where IDs, port choices and tie-breaking come from; seed it from the evaluation's ID.
  Random& random;
};

// Never fails: what can't be placed is in the outcome.
[[nodiscard]] Outcome schedule(const Request& request);

}  // namespace yurt::scheduler
