#include "scheduler/run_context.h"

#include <algorithm>

#include "base/clock.h"
#include "scheduler/reconcile/destructive_form.h"
#include "scheduler/reconcile/reschedule_policy.h"

namespace yurt::scheduler {
namespace {

std::uint64_t seed_of(const EvalId& id) {
  return std::hash<EvalId>()(id) * 0x9e3779b97f4a7c15 + 0x632be59bd9b4e019;
}

}  // namespace

RunContext::RunContext(const Request& the_request)
    : request(the_request),
      key{request.eval.namespace_(), request.eval.job_id()},
      job(request.state.job(key)),
      allocs(request.state.allocs_of_job(key)),
      eval(EvalId::parse_or_nil(request.eval.id())),
      proposal(request.cluster, allocs),
      placing{request.state,
              proposal,
              request.random,
              seed_of(eval),
              job ? settings_for(request.state, *job) : Settings{},
              {}} {
  outcome.plan.eval = eval;
  outcome.plan.job = job;
  outcome.plan.all_at_once = job && job->all_at_once();
  outcome.plan.snapshot_index = request.state.index();
}

bool RunContext::stopped() const { return !job || job->stop(); }

AlternativesPlacer& RunContext::placer(const JobRef& version, int group,
                                       const MemoryGrants& memory) {
  auto& placer = placers_[{version.get(), group, memory}];
  if (!placer) {
    versions_.push_back(version);
    placer = std::make_unique<AlternativesPlacer>(placing, version, group, memory);
  }
  return *placer;
}

NodeHealth RunContext::health(const NodeId& node) const {
  const Slot slot = request.cluster.slot_of(node);
  return health_of(slot == no_slot ? nullptr : request.cluster.node(slot).get());
}

std::int64_t RunContext::status_changed_at(const NodeId& node) const {
  const Slot slot = request.cluster.slot_of(node);
  if (slot == no_slot || !request.cluster.node(slot)) return request.now_ns;
  const std::int64_t seconds = request.cluster.node(slot)->status_updated_at();
  return seconds > 0 ? seconds * nanoseconds_per_second : request.now_ns;
}

int RunContext::group_index(const model::Job& version, const std::string& name) {
  for (int i = 0; i < version.group_size(); ++i) {
    if (version.group(i).name() == name) return i;
  }
  return -1;
}

const std::string& RunContext::form(const JobRef& version, int group) {
  auto [at, is_new] = forms_.try_emplace({version.get(), group});
  if (is_new) {
    versions_.push_back(version);
    at->second = destructive_form(*version, version->group(group));
  }
  return at->second;
}

bool RunContext::is_proven(const std::string& name) {
  for (std::uint64_t number = job->version(); number-- > 0;) {
    const JobRef version = request.state.job_version(key, number);
    if (!version || !version->stable() || version->stop()) continue;
    const int group = group_index(*version, name);
    return group >= 0 && form(version, group) == form(job, group_index(*job, name));
  }
  return false;
}

UpdateKind RunContext::update_kind(const AllocRef& alloc) {
  if (alloc->job == job || (alloc->job->version() == job->version() &&
                            alloc->job->create_index() == job->create_index())) {
    return UpdateKind::ignore;
  }
  const int group = group_index(*job, alloc->task_group().name());
  if (form(alloc->job, alloc->group) != form(job, group)) return UpdateKind::destructive;
  // What has failed for good is given another try by a new version, as if that were another one.
  if (alloc->client == ClientStatus::failed && job->type() == "service" &&
      !reschedule_time(*alloc)) {
    return UpdateKind::destructive;
  }
  if (alloc->client_terminal()) return UpdateKind::ignore;
  // It must still be allowed where it is, and fit.
  AlternativesPlacer& judge = placer(job, group);
  const Slot slot = request.cluster.slot_of(alloc->node);
  proposal.leave(alloc);
  const bool stays = judge.may_stay_on(slot);
  proposal.stay(alloc);
  return stays ? UpdateKind::in_place : UpdateKind::destructive;
}

AllocRef RunContext::commit_placement(AlternativesPlacer& placer, GroupPlacer::Choice choice,
                                      const JobRef& version, int group, std::uint32_t name_index,
                                      std::shared_ptr<const model::AllocMetric> metrics,
                                      std::shared_ptr<AllocExtra> extra) {
  auto alloc = std::make_shared<Allocation>();
  alloc->id = AllocId::generate(request.random);
  alloc->eval = eval;
  alloc->node = request.cluster.node_id(choice.slot);
  alloc->job = version;
  alloc->name_index = name_index;
  alloc->group = static_cast<std::uint16_t>(group);
  alloc->create_time = request.now_ns;
  alloc->modify_time = request.now_ns;
  alloc->resources = std::move(choice.grant.resources);
  alloc->ports = std::move(choice.grant.ports);
  alloc->metrics = std::move(metrics);
  if (!choice.victims.empty() && !extra) extra = std::make_shared<AllocExtra>();
  for (const AllocRef& victim : choice.victims) {
    extra->preempted.push_back(victim->id);
    outcome.plan.preempt.push_back({victim, alloc->id});
    const Slot slot = request.cluster.slot_of(victim->node);
    *outcome.annotations.add_preempted_allocs() =
        to_stub(*victim, request.cluster.node(slot)->name(), false, false);
  }
  alloc->extra = std::move(extra);
  proposal.arrive(alloc);
  placer.arrived(*alloc);
  outcome.plan.place.push_back(alloc);
  return alloc;
}

void RunContext::stop_everything() {
  if (job) {
    for (const auto& group : job->group()) outcome.queued[group.name()] = 0;
  }
  std::map<std::string, std::vector<AllocRef>> by_group;
  for (const AllocRef& alloc : allocs) by_group[alloc->task_group().name()].push_back(alloc);
  const DeploymentView no_deployment;
  for (auto& [name, of_group] : by_group) {
    GroupInput input{job ? *job : model::Job::default_instance(),
                     job,
                     nullptr,
                     name,
                     std::move(of_group),
                     no_deployment,
                     eval,
                     request.now_ns,
                     [this](const NodeId& node) { return health(node); },
                     {},
                     {},
                     {},
                     {}};
    GroupResult result = reconcile_group(input);
    for (Stop& stop : result.stop) commit_stop(std::move(stop));
    annotate(name, result.desired);
  }
}

void RunContext::commit_stop(Stop stop) {
  proposal.leave(stop.alloc);
  outcome.plan.stop.push_back(std::move(stop));
}

model::Evaluation RunContext::new_evaluation(const EvalId& id) const {
  model::Evaluation evaluation;
  evaluation.set_id(id.to_string());
  evaluation.set_namespace_(key.ns);
  evaluation.set_job_id(key.id);
  evaluation.set_priority(job ? job->priority() : request.eval.priority());
  evaluation.set_type(job ? job->type() : request.eval.type());
  if (job) evaluation.set_job_modify_index(job->job_modify_index());
  evaluation.set_previous_eval(request.eval.id());
  evaluation.set_status("pending");
  evaluation.set_create_time(request.now_ns);
  evaluation.set_modify_time(request.now_ns);
  return evaluation;
}

void RunContext::add_followup(const FollowUp& followup) {
  model::Evaluation evaluation = new_evaluation(followup.id);
  evaluation.set_triggered_by(followup.triggered_by);
  evaluation.set_status_description(followup.description);
  evaluation.set_wait_until(followup.wait_until_ns);
  outcome.followups.push_back(std::move(evaluation));
}

void RunContext::annotate(const std::string& group, const model::DesiredUpdates& desired) {
  (*outcome.annotations.mutable_desired_tg_updates())[group] = desired;
}

}  // namespace yurt::scheduler
