// reconcile_group: what has to happen for one group of a service or batch job so that what runs
// becomes what the job says. Decides names and counts, not nodes. Pure.
//
// The steps are those of docs/scheduling.md; group_pass.cc follows them in order.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "proto/allocation.h"
#include "proto/state.pb.h"
#include "scheduler/plan.h"
#include "scheduler/reconcile/fate.h"
#include "scheduler/reconcile/oom_retry.h"

namespace yurt::scheduler {

// An allocation to be placed.
struct PlaceRequest {
  std::uint32_t name_index = 0;
  JobRef job;         // the version to place: the newest, or an older one while canaries are out
  AllocRef previous;  // whom it follows; null: nobody
  bool reschedule = false;              // it follows a failure: other nodes are preferred
  std::optional<OomRetry> oom_retry{};  // it follows a kill for want of memory, and gets more
  bool canary = false;
  // The previous one is stopped if, and only if, this one finds a node.
  bool stop_previous = false;
  std::string stop_description;
  // Of a canary: the old instance whose place it takes where there is no room beside; null: none.
  AllocRef gives_way;
};

// What can be done with a running allocation of another job version.
enum class UpdateKind : std::uint8_t { ignore, in_place, destructive };

// The deployment that a group's pass has to regard.
struct DeploymentView {
  DeploymentRef current;  // of the job's newest version and not successful; null: none
  bool paused = false, failed = false;
};

struct GroupInput {
  const model::Job& job;
  JobRef job_ref;
  const model::TaskGroup* group;  // null: the job no longer has it
  std::string name;
  std::vector<AllocRef> allocs;  // all of the group, terminal ones included
  const DeploymentView& deployment;
  EvalId eval;
  std::int64_t now_ns;
  std::function<NodeHealth(const NodeId&)> health;
  // When the node was last seen to change its status (Unix nanoseconds).
  std::function<std::int64_t(const NodeId&)> status_changed_at;
  std::function<UpdateKind(const AllocRef&)> update_kind;
  // Whether the newest stable version runs the same in the group of that name: no trial is needed.
  std::function<bool(const std::string&)> proven;
  // Makes the ID of a follow-up evaluation.
  std::function<EvalId()> new_eval_id;
  // How an allocation that failed is to run again with more memory, if it is.
  std::function<std::optional<OomRetry>(const AllocRef&)> oom_retry{};
};

struct FollowUp {
  EvalId id;
  std::int64_t wait_until_ns = 0;
  const char* triggered_by = "";
  const char* description = "";
};

struct GroupResult {
  std::vector<PlaceRequest> destructive, place;
  std::vector<Stop> stop;
  std::vector<AllocRef> in_place;  // move to the newest job version
  std::vector<Update> update;      // other changes
  std::vector<FollowUp> followups;
  // The group's part of a deployment that is to be created, when one is due.
  std::optional<model::DeploymentState> new_deployment;
  bool deployment_complete = true;
  model::DesiredUpdates desired;
};

[[nodiscard]] GroupResult reconcile_group(const GroupInput& input);

}  // namespace yurt::scheduler
