// ApplyPlans: verified plans become allocations.
#include <vector>

#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "server/state/apply.h"
#include "server/state/deployment_edits.h"

namespace yurt::server {
namespace {

using Granted = std::shared_ptr<const GrantedResources>;
using Metrics = std::shared_ptr<const model::AllocMetric>;

JobRef find_version(const JobRecord& record, std::uint64_t version) {
  for (const JobRef& job : record.versions) {
    if (job->version() == version) return job;
  }
  return nullptr;
}

// One plan being applied: the lists its placements point into, decoded once.
class PlanApplication {
 public:
  PlanApplication(Transaction& transaction, const model::PlanResult& plan)
      : transaction_(transaction), deployments_(transaction), plan_(plan) {
    for (const auto& resources : plan.resources()) {
      resources_.push_back(std::make_shared<const GrantedResources>(resources));
    }
    for (const auto& metric : plan.metrics()) {
      metrics_.push_back(std::make_shared<const model::AllocMetric>(metric));
    }
  }

  void run() {
    // The deployment first: placements count into it.
    if (plan_.has_deployment()) put_new_deployment(plan_.deployment());
    for (const auto& stopped : plan_.stopped()) stop(stopped);
    for (const auto& preempted : plan_.preempted()) preempt(preempted);
    for (const auto& updated : plan_.updated()) update(updated);
    for (const auto& placed : plan_.placed()) place(placed);
    deployments_.put_all();
    for (const auto& change : plan_.deployment_updates()) {
      move_deployment(transaction_, DeploymentId::from_bytes(change.deployment_id()),
                      change.status(), change.status_description());
    }
    for (const auto& eval : plan_.evaluations()) transaction_.put_eval(eval);
  }

 private:
  // The job's version, or null when job or version has gone since the plan was verified.
  JobRef job_at(std::uint64_t version) {
    if (job_ && job_->version() == version) return job_;
    const JobRecord* record = transaction_.job({plan_.namespace_(), plan_.job_id()});
    job_ = record == nullptr ? nullptr : find_version(*record, version);
    return job_;
  }

  void put_new_deployment(const model::Deployment& deployment) {
    // A new deployment ends whatever deployment the job had.
    const std::uint64_t hash = job_hash(deployment.namespace_(), deployment.job_id());
    std::vector<DeploymentId> older;
    transaction_.tables().deployments_by_job.scan(
        JobDeploymentKey{hash, 0}, [&](const JobDeploymentKey& at, const DeploymentRef& row) {
          if (at.job_hash != hash) return false;
          if (is_live(*row) && row->job_id() == deployment.job_id() &&
              row->namespace_() == deployment.namespace_()) {
            older.push_back(DeploymentId::parse_or_nil(row->id()));
          }
          return true;
        });
    for (const DeploymentId& id : older) {
      move_deployment(transaction_, id, "cancelled", "Cancelled due to newer version of job");
    }
    transaction_.put_deployment(deployment);
  }

  void place(const model::PlacedAlloc& placed) {
    const JobRef job =
        job_at(placed.has_job_version() ? placed.job_version() : plan_.job_version());
    if (!job || static_cast<int>(placed.group()) >= job->group_size()) return;
    auto alloc = std::make_shared<Allocation>();
    alloc->id = AllocId::from_bytes(placed.id());
    alloc->eval = EvalId::from_bytes(plan_.eval_id());
    alloc->node = NodeId::from_bytes(placed.node_id());
    alloc->job = job;
    alloc->group = static_cast<std::uint16_t>(placed.group());
    alloc->name_index = placed.name_index();
    alloc->alloc_modify_index = transaction_.index();
    alloc->resources = resources_.at(placed.resources());
    if (placed.metrics() < metrics_.size()) alloc->metrics = metrics_[placed.metrics()];
    for (const auto& port : placed.ports()) {
      alloc->ports.push_back({port.label(), static_cast<std::uint16_t>(port.value()), port.to(),
                              port.host_ip(), port.ignore_collision()});
    }
    if (auto extra = extra_of(placed)) alloc->extra = std::move(extra);
    const AllocId previous = AllocId::from_bytes(placed.previous_allocation());
    const AllocId id = alloc->id;
    const DeploymentId deployment = DeploymentId::from_bytes(placed.deployment_id());
    const std::string group = alloc->task_group().name();
    transaction_.put_alloc(std::move(alloc));
    if (!previous.is_nil()) link_previous(previous, id);
    if (!deployment.is_nil()) count_placement(deployment, group, id, placed.canary());
  }

  static std::shared_ptr<const AllocExtra> extra_of(const model::PlacedAlloc& placed) {
    if (placed.previous_allocation().empty() && placed.deployment_id().empty() &&
        !placed.canary() && !placed.has_reschedule_tracker() &&
        placed.preempted_allocations().empty()) {
      return nullptr;
    }
    auto extra = std::make_shared<AllocExtra>();
    extra->previous = AllocId::from_bytes(placed.previous_allocation());
    extra->deployment = DeploymentId::from_bytes(placed.deployment_id());
    extra->canary = placed.canary();
    extra->oom_retries = placed.oom_retries();
    for (const auto& event : placed.reschedule_tracker().events()) {
      extra->reschedules.push_back({event.reschedule_time(),
                                    AllocId::parse_or_nil(event.prev_alloc_id()),
                                    NodeId::parse_or_nil(event.prev_node_id()), event.delay()});
    }
    for (const std::string& id : placed.preempted_allocations()) {
      extra->preempted.push_back(AllocId::from_bytes(id));
    }
    return extra;
  }

  void link_previous(const AllocId& previous, const AllocId& next) {
    const AllocRef alloc = transaction_.alloc(previous);
    if (!alloc) return;
    AllocEdit edit(*alloc);
    edit.extra().next = next;
    transaction_.put_alloc(edit.alloc);
  }

  void count_placement(const DeploymentId& id, const std::string& group, const AllocId& alloc,
                       bool canary) {
    model::DeploymentState* state = deployments_.group(id, group);
    if (state == nullptr) return;
    state->set_placed_allocs(state->placed_allocs() + 1);
    if (canary) state->add_placed_canaries(alloc.to_string());
    if (state->require_progress_by() == 0 && state->progress_deadline() > 0) {
      state->set_require_progress_by(transaction_.time() + state->progress_deadline());
    }
  }

  void stop(const model::StoppedAlloc& stopped) {
    const AllocRef alloc = transaction_.alloc(AllocId::from_bytes(stopped.id()));
    if (!alloc) return;
    AllocEdit edit(*alloc);
    edit.alloc->desired = DesiredStatus::stop;
    edit.alloc->alloc_modify_index = transaction_.index();
    edit.extra().desired_description = stopped.desired_description();
    if (!stopped.followup_eval_id().empty()) {
      edit.extra().followup_eval = EvalId::from_bytes(stopped.followup_eval_id());
    }
    set_client(edit, stopped.client_status());
    transaction_.put_alloc(edit.alloc);
  }

  void set_client(AllocEdit& edit, const std::string& name) {
    const auto status = parse_client_status(name);
    if (!status) return;
    edit.alloc->client = *status;
    if (*status == ClientStatus::unknown) {
      edit.extra().disconnected_at = transaction_.time();
      edit.extra().reconnected = false;
    }
  }

  void preempt(const model::PreemptedAlloc& preempted) {
    const AllocRef alloc = transaction_.alloc(AllocId::from_bytes(preempted.id()));
    if (!alloc) return;
    AllocEdit edit(*alloc);
    edit.alloc->desired = DesiredStatus::evict;
    edit.alloc->alloc_modify_index = transaction_.index();
    edit.extra().preempted_by = AllocId::from_bytes(preempted.by());
    edit.extra().desired_description =
        "Preempted by alloc ID " + edit.extra().preempted_by.to_string();
    transaction_.put_alloc(edit.alloc);
  }

  void update(const model::UpdatedAlloc& updated) {
    const AllocRef alloc = transaction_.alloc(AllocId::from_bytes(updated.id()));
    if (!alloc) return;
    AllocEdit edit(*alloc);
    edit.alloc->alloc_modify_index = transaction_.index();
    if (updated.has_job_version()) {
      const JobRef job = job_at(updated.job_version());
      if (!job) return;
      // The group may stand elsewhere in the new version; the scheduler keeps groups by name.
      const std::string& name = alloc->task_group().name();
      for (int i = 0; i < job->group_size(); ++i) {
        if (job->group(i).name() == name) edit.alloc->group = static_cast<std::uint16_t>(i);
      }
      edit.alloc->job = job;
      if (job->group(edit.alloc->group).name() != name) return;
    }
    if (updated.has_resources()) edit.alloc->resources = resources_.at(updated.resources());
    if (!updated.followup_eval_id().empty()) {
      edit.extra().followup_eval = EvalId::from_bytes(updated.followup_eval_id());
    }
    const DeploymentId deployment = DeploymentId::from_bytes(updated.deployment_id());
    const bool joins = !deployment.is_nil() && alloc->more().deployment != deployment;
    if (joins) {
      edit.extra().deployment = deployment;
      // What was healthy is likely to be so still: see AllocExtra::deployment_health_time.
      if (edit.extra().deployment_healthy == false) edit.extra().deployment_health_time = 0;
      edit.extra().deployment_healthy.reset();
      edit.extra().canary = false;
    }
    if (!updated.client_description().empty()) {
      edit.set_client_description(updated.client_description());
    }
    set_client(edit, updated.client_status());
    const std::string group = edit.alloc->task_group().name();
    const AllocId id = alloc->id;
    transaction_.put_alloc(edit.alloc);
    if (joins) count_placement(deployment, group, id, false);
  }

  Transaction& transaction_;
  DeploymentEdits deployments_;
  const model::PlanResult& plan_;
  std::vector<Granted> resources_;
  std::vector<Metrics> metrics_;
  JobRef job_;
};

}  // namespace

Result<Applied> apply(Transaction& transaction, const model::ApplyPlans& command) {
  for (const auto& plan : command.plans()) PlanApplication(transaction, plan).run();
  return Applied{.index = transaction.index()};
}

}  // namespace yurt::server
