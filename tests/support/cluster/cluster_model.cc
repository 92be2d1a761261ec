#include "tests/support/cluster/cluster_model.h"

#include <algorithm>

#include "base/assert.h"
#include "base/clock.h"
#include "scheduler/computed_class.h"

namespace yurt::test {

using scheduler::NodeRef;

ClusterModel::ClusterModel(std::uint64_t seed)
    : random_(seed), now_ns_(1'700'000'000 * nanoseconds_per_second) {}

NodeId ClusterModel::put_node(model::Node node) {
  auto id = NodeId::parse_or_nil(node.id());
  if (id.is_nil()) {
    id = NodeId::generate(random_);
    node.set_id(id.to_string());
  }
  if (node.name().empty()) node.set_name("node-" + id.short_form());
  if (node.status_updated_at() == 0) {
    node.set_status_updated_at(now_ns_ / nanoseconds_per_second);
  }
  node.set_modify_index(++index_);
  node.set_computed_class(scheduler::computed_class(node));
  auto ref = std::make_shared<const model::Node>(std::move(node));
  nodes_[id] = ref;
  scheduler_view_.upsert_node(ref);
  verifier_view_.upsert_node(ref);
  return id;
}

void ClusterModel::set_node_status(const NodeId& id, const std::string& status) {
  model::Node node = *nodes_.at(id);
  node.set_status(status);
  node.set_status_updated_at(now_ns_ / nanoseconds_per_second);
  put_node(std::move(node));
}

void ClusterModel::set_eligible(const NodeId& id, bool eligible) {
  model::Node node = *nodes_.at(id);
  node.set_scheduling_eligibility(eligible ? "eligible" : "ineligible");
  put_node(std::move(node));
}

void ClusterModel::remove_node(const NodeId& id) {
  nodes_.erase(id);
  scheduler_view_.remove_node(id);
  verifier_view_.remove_node(id);
  ++index_;
}

JobRef ClusterModel::put_job(model::Job job) {
  auto& versions = jobs_[{job.namespace_(), job.id()}];
  ++index_;
  job.set_version(versions.empty() ? 0 : versions.back()->version() + 1);
  job.set_create_index(versions.empty() ? index_ : versions.back()->create_index());
  job.set_modify_index(index_);
  job.set_job_modify_index(index_);
  versions.push_back(std::make_shared<const model::Job>(std::move(job)));
  return versions.back();
}

void ClusterModel::stop_job(const std::string& id) {
  model::Job job = *jobs_.at({"default", id}).back();
  job.set_stop(true);
  put_job(std::move(job));
}

void ClusterModel::purge_job(const std::string& id) {
  jobs_.erase({"default", id});
  ++index_;
}

void ClusterModel::replace(const AllocId& id, AllocRef after) {
  const auto at = allocs_.find(id);
  const AllocRef before = at == allocs_.end() ? nullptr : at->second;
  scheduler_view_.apply_change(before.get(), after.get());
  verifier_view_.apply_change(before.get(), after.get());
  const JobKey key{after->job->namespace_(), after->job->id()};
  allocs_[id] = after;
  by_job_[key][id] = after;
  by_node_[after->node][id] = after;
  if (before) count_in_deployment(*before, *after);
  ++index_;
}

void ClusterModel::count_in_deployment(const Allocation& before, const Allocation& after) {
  const DeploymentId& id = after.more().deployment;
  if (id.is_nil() || !after.more().deployment_healthy ||
      before.more().deployment_healthy == after.more().deployment_healthy) {
    return;
  }
  const auto deployment = deployments_.find({after.job->namespace_(), after.job->id()});
  if (deployment == deployments_.end() || deployment->second->id() != id.to_string()) return;
  auto changed = std::make_shared<model::Deployment>(*deployment->second);
  auto& state = (*changed->mutable_task_groups())[after.task_group().name()];
  if (*after.more().deployment_healthy) {
    state.set_healthy_allocs(state.healthy_allocs() + 1);
  } else {
    state.set_unhealthy_allocs(state.unhealthy_allocs() + 1);
  }
  deployment->second = std::move(changed);
}

void ClusterModel::put_alloc(AllocRef alloc) {
  const AllocId id = alloc->id;
  replace(id, std::move(alloc));
}

void ClusterModel::edit(const AllocId& id, const std::function<void(AllocEdit&)>& change) {
  AllocEdit edit(*allocs_.at(id));
  change(edit);
  edit.alloc->modify_time = now_ns_;
  replace(id, std::move(edit).publish());
}

void ClusterModel::report(const AllocId& id, ClientStatus status) {
  edit(id, [&](AllocEdit& edit) {
    edit.alloc->client = status;
    if (status == ClientStatus::running && edit.alloc->started_at == 0) {
      edit.alloc->started_at = now_ns_;
    }
    if (status == ClientStatus::failed || status == ClientStatus::complete) {
      edit.extra().finished_at = now_ns_;
    }
    if (edit.alloc->more().disconnected_at != 0) edit.extra().reconnected = true;
  });
}

void ClusterModel::report_health(const AllocId& id, bool healthy) {
  edit(id, [&](AllocEdit& edit) {
    edit.extra().deployment_healthy = healthy;
    edit.extra().deployment_health_time = now_ns_;
  });
}

void ClusterModel::edit_deployment(const std::string& job,
                                   const std::function<void(model::Deployment&)>& change) {
  auto& deployment = deployments_.at({"default", job});
  auto changed = std::make_shared<model::Deployment>(*deployment);
  change(*changed);
  deployment = std::move(changed);
  ++index_;
}

void ClusterModel::set_config(model::SchedulerConfiguration config) {
  config_ = std::make_shared<const model::SchedulerConfiguration>(std::move(config));
}

void ClusterModel::put_pool(model::NodePool pool) {
  const std::string name = pool.name();
  pools_[name] = std::make_shared<const model::NodePool>(std::move(pool));
}

model::Evaluation ClusterModel::evaluation(const std::string& job_id) {
  model::Evaluation evaluation;
  evaluation.set_id(EvalId::generate(random_).to_string());
  evaluation.set_namespace_("default");
  evaluation.set_job_id(job_id);
  evaluation.set_triggered_by("job-register");
  evaluation.set_status("pending");
  const JobRef found = job({"default", job_id});
  evaluation.set_priority(found ? found->priority() : 50);
  evaluation.set_type(found ? found->type() : "service");
  return evaluation;
}

scheduler::Outcome ClusterModel::schedule(const model::Evaluation& evaluation) {
  const auto id = EvalId::parse_or_nil(evaluation.id());
  SeededRandom random(std::hash<EvalId>()(id));
  return scheduler::schedule({evaluation, *this, scheduler_view_, now_ns_, random});
}

void ClusterModel::apply(const scheduler::Plan& plan) {
  ++index_;
  const JobKey key = plan.job ? JobKey{plan.job->namespace_(), plan.job->id()} : JobKey{};
  for (const auto& update : plan.deployment_updates) {
    for (auto& [job, deployment] : deployments_) {
      if (deployment->id() != update.id.to_string()) continue;
      auto changed = std::make_shared<model::Deployment>(*deployment);
      changed->set_status(update.status);
      changed->set_status_description(update.description);
      deployment = std::move(changed);
    }
  }
  if (plan.deployment) deployments_[key] = std::make_shared<model::Deployment>(*plan.deployment);
  for (const auto& stop : plan.stop) {
    edit(stop.alloc->id, [&](AllocEdit& edit) {
      edit.alloc->desired = DesiredStatus::stop;
      if (stop.client) edit.alloc->client = *stop.client;
      edit.extra().desired_description = stop.description;
      if (!stop.followup_eval.is_nil()) edit.extra().followup_eval = stop.followup_eval;
    });
  }
  for (const auto& preemption : plan.preempt) {
    edit(preemption.alloc->id, [&](AllocEdit& edit) {
      edit.alloc->desired = DesiredStatus::evict;
      edit.extra().preempted_by = preemption.by;
    });
  }
  for (const auto& update : plan.update) {
    edit(update.alloc->id, [&](AllocEdit& edit) {
      if (update.job) {
        const std::string group = edit.alloc->task_group().name();
        edit.alloc->job = update.job;
        for (int i = 0; i < update.job->group_size(); ++i) {
          if (update.job->group(i).name() == group) {
            edit.alloc->group = static_cast<std::uint16_t>(i);
          }
        }
      }
      if (update.resources) edit.alloc->resources = update.resources;
      if (!update.followup_eval.is_nil()) edit.extra().followup_eval = update.followup_eval;
      if (!update.deployment.is_nil() && edit.alloc->more().deployment != update.deployment) {
        edit.extra().deployment = update.deployment;
        edit.extra().deployment_healthy = std::nullopt;
      }
      if (update.client) {
        edit.alloc->client = *update.client;
        const bool unknown = *update.client == ClientStatus::unknown;
        edit.extra().disconnected_at = unknown ? now_ns_ : 0;
        edit.extra().reconnected = false;
      }
    });
  }
  for (const AllocRef& placed : plan.place) {
    AllocEdit edit(*placed);
    edit.alloc->create_index = index_;
    replace(placed->id, std::move(edit).publish());
    const AllocId previous = placed->more().previous;
    if (allocs_.contains(previous)) {
      this->edit(previous, [&](AllocEdit& old) { old.extra().next = placed->id; });
    }
    if (placed->more().deployment.is_nil()) continue;
    edit_deployment(key.id, [&](model::Deployment& deployment) {
      auto& state = (*deployment.mutable_task_groups())[placed->task_group().name()];
      state.set_placed_allocs(state.placed_allocs() + 1);
      if (placed->more().canary) state.add_placed_canaries(placed->id.to_string());
    });
  }
}

scheduler::Outcome ClusterModel::run(const model::Evaluation& evaluation) {
  scheduler::Outcome outcome = schedule(evaluation);
  apply(outcome.plan);
  return outcome;
}

std::vector<AllocRef> ClusterModel::running(const std::string& job) const {
  std::vector<AllocRef> found;
  for (const AllocRef& alloc : all(job)) {
    if (!alloc->terminal()) found.push_back(alloc);
  }
  std::sort(found.begin(), found.end(), [](const AllocRef& a, const AllocRef& b) {
    return std::pair(a->group, a->name_index) < std::pair(b->group, b->name_index);
  });
  return found;
}

std::vector<AllocRef> ClusterModel::all(const std::string& job) const {
  return allocs_of_job({"default", job});
}

std::vector<NodeRef> ClusterModel::nodes() const {
  std::vector<NodeRef> found;
  for (const auto& [id, node] : nodes_) found.push_back(node);
  return found;
}

std::vector<AllocRef> ClusterModel::allocs() const {
  std::vector<AllocRef> found;
  for (const auto& [id, alloc] : allocs_) found.push_back(alloc);
  return found;
}

std::string ClusterModel::view_error() const {
  if (auto error = scheduler_view_.check(nodes(), allocs())) return "scheduler's view: " + *error;
  if (auto error = verifier_view_.check(nodes(), allocs())) return "verifier's view: " + *error;
  return "";
}

JobRef ClusterModel::job(const JobKey& key) const {
  const auto at = jobs_.find(key);
  return at == jobs_.end() ? nullptr : at->second.back();
}

JobRef ClusterModel::job_version(const JobKey& key, std::uint64_t version) const {
  const auto at = jobs_.find(key);
  if (at == jobs_.end()) return nullptr;
  for (const JobRef& one : at->second) {
    if (one->version() == version) return one;
  }
  return nullptr;
}

std::vector<AllocRef> ClusterModel::allocs_of_job(const JobKey& key) const {
  std::vector<AllocRef> found;
  const auto at = by_job_.find(key);
  if (at == by_job_.end()) return found;
  for (const auto& [id, alloc] : at->second) found.push_back(alloc);
  return found;
}

std::vector<AllocRef> ClusterModel::allocs_of_node(const NodeId& node) const {
  std::vector<AllocRef> found;
  const auto at = by_node_.find(node);
  if (at == by_node_.end()) return found;
  for (const auto& [id, alloc] : at->second) found.push_back(alloc);
  return found;
}

AllocRef ClusterModel::alloc(const AllocId& id) const {
  const auto at = allocs_.find(id);
  return at == allocs_.end() ? nullptr : at->second;
}

NodeRef ClusterModel::node(const NodeId& id) const {
  const auto at = nodes_.find(id);
  return at == nodes_.end() ? nullptr : at->second;
}

scheduler::DeploymentRef ClusterModel::latest_deployment(const JobKey& key) const {
  const auto at = deployments_.find(key);
  return at == deployments_.end() ? nullptr : at->second;
}

std::shared_ptr<const model::SchedulerConfiguration> ClusterModel::scheduler_config() const {
  return config_;
}

std::shared_ptr<const model::NodePool> ClusterModel::node_pool(const std::string& name) const {
  const auto at = pools_.find(name);
  return at == pools_.end() ? nullptr : at->second;
}

}  // namespace yurt::test
