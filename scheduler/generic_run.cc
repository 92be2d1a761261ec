#include "scheduler/generic_run.h"

#include <algorithm>
#include <set>

#include "scheduler/blocked_eval.h"
#include "scheduler/reconcile/deployment_status.h"
#include "scheduler/reconcile/descriptions.h"
#include "scheduler/reconcile/reschedule_policy.h"
#include "scheduler/run_context.h"

namespace yurt::scheduler {
namespace {

// Placements of a group that get their own scores on record; the rest of a bulk share the last.
constexpr int placements_with_own_metrics = 10;

class GenericRun {
 public:
  explicit GenericRun(const Request& request) : run_(request) {}

  Outcome finish() {
    const DeploymentRef latest = run_.request.state.latest_deployment(run_.key);
    standing_ = deployment_standing(latest, run_.job.get());
    if (standing_.cancel) plan().deployment_updates.push_back(*standing_.cancel);
    if (run_.stopped()) {
      run_.stop_everything();
      return std::move(run_.outcome);
    }
    reconcile();
    settle_deployment();
    for (Group& group : groups_) commit_changes(group);
    for (Group& group : groups_) {
      for (const PlaceRequest& request : group.result.destructive) place(group, request);
    }
    for (Group& group : groups_) {
      for (const PlaceRequest& request : group.result.place) place(group, request);
      run_.annotate(group.name, group.result.desired);
    }
    if (!run_.outcome.failed_groups.empty()) run_.outcome.blocked = blocked_evaluation(run_);
    return std::move(run_.outcome);
  }

 private:
  struct Group {
    std::string name;
    GroupResult result;
    DeploymentId deployment;                  // that its changes belong to; nil: none
    std::shared_ptr<AllocExtra> plain_extra;  // shared by placements that follow nobody
  };
  struct PlacedMetrics {
    int placed = 0;
    std::shared_ptr<const model::AllocMetric> last;
  };

  Plan& plan() { return run_.outcome.plan; }

  void reconcile() {
    std::map<std::string, std::vector<AllocRef>> by_group;
    for (const AllocRef& alloc : run_.allocs) {
      by_group[alloc->task_group().name()].push_back(alloc);
    }
    std::vector<std::pair<std::string, const model::TaskGroup*>> names;
    for (const auto& group : run_.job->group()) {
      names.emplace_back(group.name(), &group);
      run_.outcome.queued[group.name()] = 0;
    }
    for (const auto& [name, allocs] : by_group) {
      if (RunContext::group_index(*run_.job, name) < 0) names.emplace_back(name, nullptr);
    }
    for (const auto& [name, group] : names) {
      groups_.push_back({name, reconcile_group(input_for(name, group, by_group[name])), {}, {}});
    }
  }

  GroupInput input_for(const std::string& name, const model::TaskGroup* group,
                       std::vector<AllocRef> allocs) {
    return GroupInput{
        *run_.job,
        run_.job,
        group,
        name,
        std::move(allocs),
        standing_.view,
        run_.eval,
        run_.request.now_ns,
        [this](const NodeId& node) { return run_.health(node); },
        [this](const NodeId& node) { return run_.status_changed_at(node); },
        [this](const AllocRef& alloc) { return run_.update_kind(alloc); },
        [this](const std::string& group) { return run_.is_proven(group); },
        [this] { return EvalId::generate(run_.request.random); },
        [this](const AllocRef& alloc) { return oom_retry(alloc); },
    };
  }

  std::optional<OomRetry> oom_retry(const AllocRef& alloc) {
    if (!may_retry_for_memory(*alloc)) return std::nullopt;
    const int index = RunContext::group_index(*run_.job, alloc->task_group().name());
    OomAnswer answer = oom_answer(*alloc, run_.placer(run_.job, index).largest_memory_mb());
    const bool news = !answer.refusal.empty() && alloc->client_description() != answer.refusal;
    if (news && refused_.insert(alloc->id).second) {
      Update update;
      update.alloc = alloc;
      update.client_description = std::move(answer.refusal);
      plan().update.push_back(std::move(update));
    }
    return std::move(answer.retry);
  }

  // What is granted beyond the job, to one that follows another of the same version.
  static MemoryGrants memory_of(const PlaceRequest& request) {
    if (request.oom_retry) return request.oom_retry->memory;
    return follows_same_version(request) ? inherited_memory(*request.previous) : MemoryGrants{};
  }
  static bool follows_same_version(const PlaceRequest& request) {
    return request.previous && request.previous->job->version() == request.job->version() &&
           request.previous->job->create_index() == request.job->create_index();
  }

  // Creates the deployment that groups asked for, or finishes the one that is done.
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
      plan().deployment =
          new_deployment(id, *run_.job, fresh, run_.request.eval.priority(), run_.request.now_ns);
      for (Group& group : groups_) {
        if (fresh.contains(group.name)) group.deployment = id;
      }
      return;
    }
    if (!current || !is_active(*current)) return;
    const auto id = DeploymentId::parse_or_nil(current->id());
    if (complete) {
      plan().deployment_updates.push_back({id, "successful", "Deployment completed successfully"});
      return;
    }
    for (Group& group : groups_) {
      if (current->task_groups().contains(group.name)) group.deployment = id;
    }
  }

  void commit_changes(Group& group) {
    for (Stop& stop : group.result.stop) run_.commit_stop(std::move(stop));
    for (Update& update : group.result.update) plan().update.push_back(std::move(update));
    for (const AllocRef& alloc : group.result.in_place) {
      Update update;
      update.alloc = alloc;
      update.job = run_.job;
      update.deployment = group.deployment;
      plan().update.push_back(std::move(update));
    }
    for (const FollowUp& followup : group.result.followups) run_.add_followup(followup);
  }

  static GroupPlacer::Wish wish_of(const PlaceRequest& request, const model::TaskGroup& group) {
    GroupPlacer::Wish wish;
    if (!request.previous) return wish;
    if (request.reschedule) {
      wish.penalized.push_back(request.previous->node);
      for (const RescheduleRecord& record : request.previous->more().reschedules) {
        wish.penalized.push_back(record.previous_node);
      }
    }
    if (group.ephemeral_disk().sticky()) wish.preferred = request.previous->node;
    return wish;
  }

  void place(Group& group, const PlaceRequest& request) {
    // One failure says it for the whole group.
    auto failed = run_.outcome.failed_groups.find(group.name);
    if (failed != run_.outcome.failed_groups.end()) {
      failed->second.set_coalesced_failures(failed->second.coalesced_failures() + 1);
      ++run_.outcome.queued[group.name];
      return;
    }
    const int index = RunContext::group_index(*request.job, group.name);
    AlternativesPlacer& placer = run_.placer(request.job, index, memory_of(request));
    if (request.stop_previous) {
      run_.proposal.leave(request.previous);
      placer.left(*request.previous);
    }
    auto choice = placer.choose(wish_of(request, request.job->group(index)));
    if (!choice && request.gives_way) return place_instead(group, request, placer, index);
    if (!choice) {
      run_.outcome.failed_groups[group.name] = placer.metrics(true);
      ++run_.outcome.queued[group.name];
      if (request.stop_previous) run_.proposal.stay(request.previous);
      return;
    }
    if (request.stop_previous) {
      plan().stop.push_back({request.previous, request.stop_description, std::nullopt, EvalId{}});
    }
    commit(group, request, placer, index, *std::move(choice));
  }

  // A canary that finds no room beside takes the place of an old instance.
  void place_instead(Group& group, const PlaceRequest& request, AlternativesPlacer& placer,
                     int index) {
    run_.proposal.leave(request.gives_way);
    placer.left(*request.gives_way);
    auto choice = placer.choose(wish_of(request, request.job->group(index)));
    if (!choice) {
      run_.outcome.failed_groups[group.name] = placer.metrics(true);
      ++run_.outcome.queued[group.name];
      run_.proposal.stay(request.gives_way);
      return;
    }
    plan().stop.push_back({request.gives_way, description::gives_way, std::nullopt, EvalId{}});
    auto& desired = group.result.desired;
    desired.set_stop(desired.stop() + 1);
    desired.set_ignore(desired.ignore() - 1);
    PlaceRequest instead = request;
    instead.previous = request.gives_way;
    commit(group, instead, placer, index, *std::move(choice));
  }

  void commit(Group& group, const PlaceRequest& request, AlternativesPlacer& placer, int index,
              GroupPlacer::Choice choice) {
    PlacedMetrics& metrics = metrics_[&placer];
    if (metrics.placed++ < placements_with_own_metrics) {
      metrics.last = std::make_shared<const model::AllocMetric>(placer.metrics(false));
    }
    auto& desired = group.result.desired;
    desired.set_preemptions(desired.preemptions() + choice.victims.size());
    auto extra = extra_for(group, request, !choice.victims.empty());
    run_.commit_placement(placer, std::move(choice), request.job, index, request.name_index,
                          metrics.last, std::move(extra));
  }

  std::shared_ptr<AllocExtra> extra_for(Group& group, const PlaceRequest& request, bool preempts) {
    const bool in_deployment = !group.deployment.is_nil() && request.job == run_.job;
    if (!request.previous && !request.canary && !preempts) {
      if (!in_deployment) return nullptr;
      if (!group.plain_extra) {
        group.plain_extra = std::make_shared<AllocExtra>();
        group.plain_extra->deployment = group.deployment;
      }
      return group.plain_extra;
    }
    auto extra = std::make_shared<AllocExtra>();
    if (in_deployment) extra->deployment = group.deployment;
    extra->canary = request.canary;
    if (request.previous) {
      extra->previous = request.previous->id;
      if (follows_same_version(request)) {
        extra->oom_retries = request.previous->more().oom_retries + (request.oom_retry ? 1 : 0);
      }
      extra->reschedules = request.reschedule
                               ? inherited_records(*request.previous, run_.request.now_ns)
                               : request.previous->more().reschedules;
    }
    return extra;
  }

  RunContext run_;
  std::set<AllocId> refused_;  // retries with more memory, told of once
  DeploymentStanding standing_;
  std::vector<Group> groups_;
  std::map<const AlternativesPlacer*, PlacedMetrics> metrics_;
};

}  // namespace

Outcome run_generic(const Request& request) { return GenericRun(request).finish(); }

}  // namespace yurt::scheduler
