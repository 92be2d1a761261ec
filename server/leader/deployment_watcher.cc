#include "server/leader/deployment_watcher.h"

#include "proto/job.pb.h"
#include "server/leader/deployment_step.h"
#include "server/new_evals.h"
#include "server/revert.h"
#include "server/state/transaction.h"

namespace yurt::server {
namespace {

// The deployment that an allocation's change may have moved; nil: none.
DeploymentId moved_by(const AllocChange& change) {
  if (!change.after || change.after->more().deployment.is_nil()) return {};
  const bool judged = change.after->more().deployment_healthy &&
                      (!change.before || change.before->more().deployment_healthy !=
                                             change.after->more().deployment_healthy);
  const bool failed = change.after->client == ClientStatus::failed &&
                      (!change.before || change.before->client != ClientStatus::failed);
  return judged || failed ? change.after->more().deployment : DeploymentId{};
}

}  // namespace

void DeploymentWatcher::restore(const Snapshot& state) {
  std::lock_guard lock(mutex_);
  state.tables().deployments.each([&](const DeploymentId& id, const DeploymentRef& deployment) {
    if (!is_live(*deployment)) return true;
    due_[id] = 0;
    changed_.insert(id);
    moved_.insert(id);
    return true;
  });
}

void DeploymentWatcher::note(const Changes& changes) {
  std::lock_guard lock(mutex_);
  for (const DeploymentChange& change : changes.deployments) {
    const auto id = DeploymentId::parse_or_nil((change.after ? change.after : change.before)->id());
    if (change.after && is_live(*change.after)) {
      due_.try_emplace(id, 0);
      changed_.insert(id);
    } else {
      due_.erase(id);
    }
  }
  for (const AllocChange& change : changes.allocs) {
    if (const DeploymentId id = moved_by(change); !id.is_nil()) {
      changed_.insert(id);
      moved_.insert(id);
    }
  }
}

std::vector<DeploymentWatcher::Proposal> DeploymentWatcher::look(const Snapshot& state,
                                                                 std::int64_t now_ns) {
  std::set<DeploymentId> changed, moved;
  {
    std::lock_guard lock(mutex_);
    changed.swap(changed_);
    moved.swap(moved_);
    for (const auto& [id, due_ns] : due_) {
      if (due_ns != 0 && due_ns <= now_ns) changed.insert(id);
    }
  }
  std::vector<Proposal> proposals;
  Proposal evaluations;
  for (const DeploymentId& id : changed) {
    const DeploymentRef row = state.deployment(id);
    if (!row || !is_live(*row)) continue;
    auto& list = *evaluations.command.mutable_upsert_evaluations();
    const int before = list.evaluations_size();
    if (auto command = act(state, row, now_ns, moved.contains(id), list)) {
      proposals.push_back({std::move(*command), {id}});
    } else if (list.evaluations_size() > before) {
      evaluations.about.push_back(id);
    }
  }
  if (!evaluations.about.empty()) proposals.push_back(std::move(evaluations));
  return proposals;
}

std::optional<model::Command> DeploymentWatcher::act(const Snapshot& state,
                                                     const DeploymentRef& row, std::int64_t now_ns,
                                                     bool moved,
                                                     model::UpsertEvaluations& evaluations) {
  const auto id = DeploymentId::parse_or_nil(row->id());
  const DeploymentStep step = next_deployment_step(state, *row, now_ns);
  {
    std::lock_guard lock(mutex_);
    if (const auto at = due_.find(id); at != due_.end()) at->second = step.look_at;
  }
  const JobRecordRef record = state.job_record({row->namespace_(), row->job_id()});
  if (!record) return std::nullopt;
  model::Evaluation eval = new_eval(*record->job, "deployment-watcher", random_);
  eval.set_deployment_id(row->id());
  model::Command command;
  if (step.fail) {
    auto& update = *command.mutable_update_deployment_status();
    update.mutable_update()->set_deployment_id(id.to_bytes());
    update.mutable_update()->set_status("failed");
    std::string description = step.description;
    if (step.revert && is_of_newest(*record, *row)) {
      AutoRevert revert = choose_revert(*record, step.description);
      description = std::move(revert.description);
      if (revert.target) {
        *update.mutable_revert() = revert_to(*record, *revert.target);
        *update.mutable_revert()->mutable_evaluation() = eval;
      }
    }
    update.mutable_update()->set_status_description(description);
    if (!update.has_revert()) *update.mutable_evaluation() = std::move(eval);
  } else if (step.promote) {
    auto& promotion = *command.mutable_promote_deployment();
    promotion.set_deployment_id(id.to_bytes());
    promotion.set_all(true);
    *promotion.mutable_evaluation() = std::move(eval);
  } else if (!step.release.empty()) {
    auto& update = *command.mutable_update_alloc_transitions();
    for (const AllocRef& alloc : step.release) {
      auto* entry = update.add_entries();
      entry->set_id(alloc->id.to_bytes());
      entry->mutable_transition()->set_reschedule(true);
    }
    *update.add_evaluations() = std::move(eval);
  } else {
    if (moved) *evaluations.add_evaluations() = std::move(eval);
    return std::nullopt;
  }
  return command;
}

void DeploymentWatcher::failed(const Proposal& proposal) {
  std::lock_guard lock(mutex_);
  for (const DeploymentId& id : proposal.about) {
    changed_.insert(id);
    moved_.insert(id);
  }
}

}  // namespace yurt::server
