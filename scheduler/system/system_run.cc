#include "scheduler/system/system_run.h"

#include <map>

#include "scheduler/reconcile/deployment_status.h"
#include "scheduler/reconcile/descriptions.h"
#include "scheduler/run_context.h"
#include "scheduler/system/system_group.h"

namespace yurt::scheduler {
namespace {

class SystemRun {
 public:
  explicit SystemRun(const Request& request) : run_(request) {}

  Outcome finish() {
    const DeploymentRef latest = run_.request.state.latest_deployment(run_.key);
    standing_ = deployment_standing(latest, run_.job.get());
    if (standing_.cancel) run_.outcome.plan.deployment_updates.push_back(*standing_.cancel);
    if (run_.stopped()) {
      run_.stop_everything();
      return std::move(run_.outcome);
    }
    reconcile();
    settle_deployment();
    for (Group& group : groups_) commit_changes(group);
    for (Group& group : groups_) {
      for (const auto& replacement : group.result.replace) replace(group, replacement);
      for (const auto& placement : group.result.place) {
        place(group, placement.slot, placement.previous, false);
      }
      run_.annotate(group.name, group.result.desired);
    }
    return std::move(run_.outcome);
  }

 private:
  struct Group {
    std::string name;
    int index;
    SystemGroupResult result;
    DeploymentId deployment;
    std::shared_ptr<const model::AllocMetric> metrics;  // of what is placed; made when needed
  };

  void reconcile() {
    std::map<std::string, std::vector<AllocRef>> by_group;
    for (const AllocRef& alloc : run_.allocs) {
      by_group[alloc->task_group().name()].push_back(alloc);
    }
    for (int i = 0; i < run_.job->group_size(); ++i) {
      const std::string& name = run_.job->group(i).name();
      run_.outcome.queued[name] = 0;
      add_group(name, i, by_group[name]);
    }
    for (const auto& [name, allocs] : by_group) {
      if (RunContext::group_index(*run_.job, name) < 0) add_group(name, -1, allocs);
    }
  }

  void add_group(const std::string& name, int index, const std::vector<AllocRef>& allocs) {
    groups_.push_back(
        {name, index, reconcile_system_group(run_, index, name, allocs, standing_.view), {}, {}});
  }

  void settle_deployment() {
    const DeploymentRef& current = standing_.view.current;
    std::map<std::string, model::DeploymentState> fresh;
    bool complete = true;
    for (const Group& group : groups_) {
      if (group.result.new_deployment) fresh[group.name] = *group.result.new_deployment;
      complete = complete && group.result.deployment_complete;
    }
    if (!fresh.empty()) {
      const auto id = DeploymentId::generate(run_.request.random);
      run_.outcome.plan.deployment =
          new_deployment(id, *run_.job, fresh, run_.request.eval.priority(), run_.request.now_ns);
      for (Group& group : groups_) {
        if (fresh.contains(group.name)) group.deployment = id;
      }
      return;
    }
    if (!current || !is_active(*current)) return;
    const auto id = DeploymentId::parse_or_nil(current->id());
    if (complete) {
      run_.outcome.plan.deployment_updates.push_back(
          {id, "successful", "Deployment completed successfully"});
      return;
    }
    for (Group& group : groups_) {
      if (current->task_groups().contains(group.name)) group.deployment = id;
    }
  }

  void commit_changes(Group& group) {
    Plan& plan = run_.outcome.plan;
    for (Stop& stop : group.result.stop) run_.commit_stop(std::move(stop));
    for (Update& update : group.result.update) plan.update.push_back(std::move(update));
    for (const AllocRef& alloc : group.result.in_place) {
      Update update;
      update.alloc = alloc;
      update.job = run_.job;
      update.deployment = group.deployment;
      plan.update.push_back(std::move(update));
    }
    for (const FollowUp& followup : group.result.followups) run_.add_followup(followup);
  }

  void replace(Group& group, const SystemGroupResult::Replacement& replacement) {
    run_.proposal.leave(replacement.old);
    if (place(group, replacement.slot, replacement.old, replacement.canary)) {
      run_.outcome.plan.stop.push_back(
          {replacement.old, description::updating, std::nullopt, EvalId{}});
    } else {
      run_.proposal.stay(replacement.old);
    }
  }

  bool place(Group& group, Slot slot, const AllocRef& previous, bool canary) {
    AlternativesPlacer& placer = run_.placer(run_.job, group.index);
    std::string refusal;
    auto choice = placer.choose_on(slot, refusal);
    if (!choice) {
      block(group, placer, slot, refusal);
      return false;
    }
    if (!group.metrics) {
      group.metrics = std::make_shared<const model::AllocMetric>(placer.metrics(false));
    }
    std::shared_ptr<AllocExtra> extra;
    if (previous || canary || !group.deployment.is_nil()) {
      extra = std::make_shared<AllocExtra>();
      if (previous) extra->previous = previous->id;
      extra->deployment = group.deployment;
      extra->canary = canary;
    }
    run_.commit_placement(placer, *std::move(choice), run_.job, group.index, 0, group.metrics,
                          std::move(extra));
    return true;
  }

  // Each node that has no room is waited for by itself.
  void block(Group& group, AlternativesPlacer& placer, Slot slot, const std::string& refusal) {
    auto& failed = run_.outcome.failed_groups;
    auto [at, is_new] = failed.try_emplace(group.name);
    if (is_new) {
      at->second = placer.metrics(false);
    } else {
      at->second.set_coalesced_failures(at->second.coalesced_failures() + 1);
    }
    placer.count_exhausted(at->second, slot, refusal);
    ++run_.outcome.queued[group.name];

    const std::string node = run_.request.cluster.node_id(slot).to_string();
    auto& waiting = run_.outcome.blocked_nodes;
    if (waiting.empty() || waiting.back().node_id() != node) {
      for (const auto& evaluation : waiting) {
        if (evaluation.node_id() == node) return;
      }
      const bool again =
          run_.request.eval.status() == "blocked" && run_.request.eval.node_id() == node;
      model::Evaluation evaluation =
          run_.new_evaluation(again ? run_.eval : EvalId::generate(run_.request.random));
      evaluation.set_triggered_by("queued-allocs");
      evaluation.set_status("blocked");
      evaluation.set_status_description(description::blocked);
      evaluation.set_node_id(node);
      evaluation.set_snapshot_index(run_.request.state.index());
      waiting.push_back(std::move(evaluation));
    }
  }

  RunContext run_;
  DeploymentStanding standing_;
  std::vector<Group> groups_;
};

}  // namespace

Outcome run_system(const Request& request) { return SystemRun(request).finish(); }

}  // namespace yurt::scheduler
