// What agents report of allocations, and what users and drains ask of them.
#include <algorithm>

#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "server/state/apply.h"
#include "server/state/deployment_edits.h"

namespace yurt::server {
namespace {

// When the first task started and, if all have finished, when the last one did.
void set_times(AllocEdit& edit, const model::AllocUpdate& update) {
  std::int64_t started = 0, finished = 0;
  bool all_finished = !update.task_states().empty();
  for (const auto& [name, state] : update.task_states()) {
    if (state.started_at() != 0) {
      started = started == 0 ? state.started_at() : std::min(started, state.started_at());
    }
    finished = std::max(finished, state.finished_at());
    all_finished &= state.state() == "dead";
  }
  if (!all_finished) finished = 0;
  const AllocExtra& old = edit.alloc->more();
  edit.alloc->started_at = started;
  if (old.finished_at != finished) edit.extra().finished_at = finished;
}

void apply_update(Transaction& transaction, DeploymentEdits& deployments,
                  const model::AllocUpdate& update) {
  const AllocRef alloc = transaction.alloc(AllocId::from_bytes(update.id()));
  const auto status = parse_client_status(update.client_status());
  if (!alloc || !status) return;
  AllocEdit edit(*alloc);
  // An allocation that was given up as unknown and is heard of again has come back.
  if (alloc->client == ClientStatus::unknown && *status != ClientStatus::unknown) {
    edit.extra().reconnected = true;
  }
  edit.alloc->client = *status;
  edit.set_client_description(update.client_description());
  if (!update.task_states().empty()) {
    model::TaskStates states;
    *states.mutable_tasks() = update.task_states();
    edit.alloc->task_states = PackedTaskStates::pack(std::move(states));
    set_times(edit, update);
  }
  if (update.has_network_status()) {
    edit.extra().network_status =
        std::make_shared<const model::NetworkStatus>(update.network_status());
  }
  const std::optional<bool> healthy_before = alloc->more().deployment_healthy;
  bool health_moved = false;
  if (update.has_deployment_status() && update.deployment_status().has_healthy() &&
      healthy_before != update.deployment_status().healthy()) {
    edit.extra().deployment_healthy = update.deployment_status().healthy();
    edit.extra().deployment_health_time = update.deployment_status().timestamp();
    health_moved = true;
  }
  const AllocRef published = edit.alloc;
  transaction.put_alloc(edit.alloc);
  if (health_moved) deployments.count_health(*published, healthy_before);
  if (update.has_services()) set_services(transaction, *published, update.services());
  transaction.note_metrics({published->job->namespace_(), published->job->id()}, update);
}

}  // namespace

Result<Applied> apply(Transaction& transaction, const model::UpdateAllocsFromClient& command) {
  DeploymentEdits deployments(transaction);
  for (const auto& update : command.updates()) apply_update(transaction, deployments, update);
  deployments.put_all();
  for (const auto& eval : command.evaluations()) transaction.put_eval(eval);
  return Applied{.index = transaction.index()};
}

Result<Applied> apply(Transaction& transaction, const model::UpdateAllocTransitions& command) {
  for (const auto& entry : command.entries()) {
    const AllocRef alloc = transaction.alloc(AllocId::from_bytes(entry.id()));
    if (!alloc) continue;
    AllocEdit edit(*alloc);
    Transition& transition = edit.extra().transition;
    const auto& wanted = entry.transition();
    if (wanted.has_migrate()) transition.migrate = wanted.migrate();
    if (wanted.has_reschedule()) transition.reschedule = wanted.reschedule();
    if (wanted.has_force_reschedule()) transition.force_reschedule = wanted.force_reschedule();
    if (wanted.has_no_shutdown_delay()) transition.no_shutdown_delay = wanted.no_shutdown_delay();
    if (wanted.has_migrate_disable_placement()) {
      transition.migrate_disable_placement = wanted.migrate_disable_placement();
    }
    edit.alloc->alloc_modify_index = transaction.index();
    transaction.put_alloc(edit.alloc);
  }
  for (const auto& eval : command.evaluations()) transaction.put_eval(eval);
  return Applied{.index = transaction.index()};
}

}  // namespace yurt::server
