#include "server/leader/deployment_step.h"

#include <algorithm>

#include "proto/job.pb.h"
#include "scheduler/reconcile/lent_place.h"
#include "scheduler/reconcile/reschedule_policy.h"

namespace yurt::server {
namespace {

class Step {
 public:
  Step(const Snapshot& state, const model::Deployment& deployment, std::int64_t now_ns)
      : state_(state), deployment_(deployment), now_ns_(now_ns) {
    const auto id = DeploymentId::parse_or_nil(deployment.id());
    for (AllocRef& alloc : state.allocs_of_job({deployment.namespace_(), deployment.job_id()})) {
      if (alloc->more().deployment == id && !alloc->server_terminal()) {
        allocs_.push_back(std::move(alloc));
      }
    }
  }

  DeploymentStep decide() {
    if (deployment_.status() == "paused") return {};
    look_at_clocks();
    if (out_.fail) return std::move(out_);
    look_at_allocations();
    if (out_.fail) return std::move(out_);
    out_.promote = proves_itself();
    return std::move(out_);
  }

 private:
  void look_at_clocks() {
    for (const auto& [name, group] : deployment_.task_groups()) {
      const bool unfinished =
          group.healthy_allocs() < std::max(group.desired_total(), group.desired_canaries()) ||
          awaits_promotion(group);
      if (!unfinished || group.require_progress_by() == 0 || waits_for_word(name, group)) continue;
      if (group.require_progress_by() <= now_ns_) {
        return fail("Failed due to progress deadline", group);
      }
      out_.look_at = out_.look_at == 0 ? group.require_progress_by()
                                       : std::min(out_.look_at, group.require_progress_by());
    }
  }

  void look_at_allocations() {
    for (const AllocRef& alloc : allocs_) {
      const auto group = deployment_.task_groups().find(alloc->task_group().name());
      if (group == deployment_.task_groups().end()) continue;
      if (alloc->more().deployment_healthy == false && is_fatal(*alloc, group->second)) {
        return fail("Failed due to unhealthy allocations", group->second);
      }
      if (alloc->client == ClientStatus::failed && !alloc->more().transition.reschedule &&
          alloc->more().next.is_nil()) {
        out_.release.push_back(alloc);
      }
    }
  }

  [[nodiscard]] bool is_fatal(const Allocation& alloc, const model::DeploymentState& group) const {
    if (group.progress_deadline() == 0 || !scheduler::has_attempts_left(alloc, now_ns_))
      return true;
    // It stands where a good instance stood, which is to be back at once.
    return scheduler::owner_of_place(
               alloc, [this](const AllocId& id) { return state_.alloc(id); }) != nullptr;
  }

  static bool awaits_promotion(const model::DeploymentState& group) {
    return group.desired_canaries() > 0 && !group.promoted();
  }

  // All canaries of the group are healthy: it is for others to go on, and time does not run.
  [[nodiscard]] bool waits_for_word(const std::string& name,
                                    const model::DeploymentState& group) const {
    if (!awaits_promotion(group)) return false;
    const auto healthy = std::count_if(allocs_.begin(), allocs_.end(), [&](const AllocRef& alloc) {
      return alloc->more().canary && !alloc->terminal() &&
             alloc->more().deployment_healthy.value_or(false) && alloc->task_group().name() == name;
    });
    return healthy >= group.desired_canaries();
  }

  // Every group that has canaries is to be promoted by itself, and all of them are healthy.
  [[nodiscard]] bool proves_itself() const {
    bool any = false;
    for (const auto& [name, group] : deployment_.task_groups()) {
      if (!awaits_promotion(group)) continue;
      if (!group.auto_promote() || !waits_for_word(name, group)) return false;
      any = true;
    }
    return any;
  }

  void fail(const char* why, const model::DeploymentState& group) {
    out_.fail = true;
    out_.description = why;
    out_.revert = group.auto_revert();
  }

  const Snapshot& state_;
  const model::Deployment& deployment_;
  const std::int64_t now_ns_;
  std::vector<AllocRef> allocs_;  // of the deployment, wanted to run
  DeploymentStep out_;
};

}  // namespace

DeploymentStep next_deployment_step(const Snapshot& state, const model::Deployment& deployment,
                                    std::int64_t now_ns) {
  return Step(state, deployment, now_ns).decide();
}

}  // namespace yurt::server
