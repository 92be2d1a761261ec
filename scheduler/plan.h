// Plan: what one scheduling run wants changed. Pure data; the server verifies it against the newest
// state, commits what still fits, and reports the rest back (semantics: optimistic concurrency).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "proto/allocation.h"
#include "proto/state.pb.h"

namespace yurt::scheduler {

struct Stop {
  AllocRef alloc;
  std::string description;             // why, as users read it
  std::optional<ClientStatus> client;  // lost or unknown, when the server knows better
  EvalId followup_eval;                // nil: none
};

// An allocation that stays on its node. In place: `job` moves to the new version (with
// `resources`, when they changed without being destructive). Otherwise only the set fields change.
// `client` set to `unknown` begins its time as a disconnected allocation (disconnected_at); set to
// anything else, which is what the agent last reported, it ends that time (disconnected_at becomes
// 0 and `reconnected` false).
struct Update {
  AllocRef alloc;
  JobRef job;                                         // null: unchanged
  std::shared_ptr<const GrantedResources> resources;  // null: unchanged
  EvalId followup_eval;
  std::optional<ClientStatus> client;  // unknown, when its node is disconnected
  DeploymentId deployment;             // nil: unchanged
  std::string client_description;
};

struct Preemption {
  AllocRef alloc;
  AllocId by;
};

struct Plan {
  EvalId eval;
  JobRef job;                // null when the job is gone
  bool all_at_once = false;  // refuse the whole plan if any node refuses its part
  std::uint64_t snapshot_index = 0;
  std::vector<AllocRef> place;  // new allocations; create indexes are set when committed
  std::vector<Stop> stop;
  std::vector<Update> update;
  std::vector<Preemption> preempt;
  std::optional<model::Deployment> deployment;  // to create
  struct DeploymentStatus {
    DeploymentId id;
    std::string status, description;
  };
  std::vector<DeploymentStatus> deployment_updates;

  [[nodiscard]] bool empty() const {
    return place.empty() && stop.empty() && update.empty() && preempt.empty() && !deployment &&
           deployment_updates.empty();
  }
};

// A plan and what to write into the evaluation once the plan is through.
struct Outcome {
  Plan plan;
  std::map<std::string, model::AllocMetric> failed_groups;  // why groups are unplaced
  std::map<std::string, int> queued;                        // unplaced allocations per group
  std::vector<model::Evaluation> followups;  // delayed reschedules, disconnect time-outs
  // Created when some placement found no node. It has the ID of the run's own evaluation when that
  // was a blocked one: it goes back to waiting.
  std::optional<model::Evaluation> blocked;
  // The same for system jobs, which wait for each node by itself (node_id is set).
  std::vector<model::Evaluation> blocked_nodes;
  model::PlanAnnotations annotations;  // filled always; shown by `plan`
};

}  // namespace yurt::scheduler
