#include "server/leader/deployments.h"

#include <algorithm>
#include <set>

#include "proto/job.pb.h"

namespace yurt::server {
namespace {

bool has_attempts_left(const Allocation& alloc) {
  const auto& policy = alloc.task_group().reschedule();
  return policy.unlimited() ||
         static_cast<int>(alloc.more().reschedules.size()) < policy.attempts();
}

// All canaries healthy and waiting for somebody to promote them: time does not run.
bool awaits_promotion(const model::DeploymentState& group) {
  return group.desired_canaries() > 0 && !group.promoted() &&
         group.healthy_allocs() >= group.desired_canaries();
}

}  // namespace

DeploymentStep next_deployment_step(const Snapshot& state, const model::Deployment& deployment,
                                    std::int64_t now_ns) {
  DeploymentStep step;
  if (deployment.status() == "paused") return step;
  for (const auto& [name, group] : deployment.task_groups()) {
    const bool unfinished =
        group.healthy_allocs() < std::max(group.desired_total(), group.desired_canaries());
    if (unfinished && group.require_progress_by() != 0 && group.require_progress_by() <= now_ns &&
        !awaits_promotion(group)) {
      step.fail = true;
      step.description = "Failed due to progress deadline";
      return step;
    }
  }
  const auto id = DeploymentId::parse_or_nil(deployment.id());
  for (const AllocRef& alloc :
       state.allocs_of_job({deployment.namespace_(), deployment.job_id()})) {
    if (alloc->more().deployment != id || alloc->server_terminal()) continue;
    const bool unhealthy = alloc->more().deployment_healthy == false;
    const auto group = deployment.task_groups().find(alloc->task_group().name());
    if (group == deployment.task_groups().end()) continue;
    if (unhealthy && (group->second.progress_deadline() == 0 || !has_attempts_left(*alloc))) {
      step.fail = true;
      step.description = "Failed due to unhealthy allocations";
      return step;
    }
    if (alloc->client == ClientStatus::failed && !alloc->more().transition.reschedule &&
        alloc->more().next.is_nil()) {
      step.release.push_back(alloc);
    }
  }
  return step;
}

std::vector<DeploymentId> moved_deployments(const Changes& changes) {
  std::set<DeploymentId> out;
  for (const AllocChange& change : changes.allocs) {
    if (!change.after || change.after->more().deployment.is_nil()) continue;
    const bool health = !change.before || change.before->more().deployment_healthy !=
                                              change.after->more().deployment_healthy;
    const bool failed = change.after->client == ClientStatus::failed &&
                        (!change.before || change.before->client != ClientStatus::failed);
    if ((health && change.after->more().deployment_healthy) || failed) {
      out.insert(change.after->more().deployment);
    }
  }
  return {out.begin(), out.end()};
}

}  // namespace yurt::server
