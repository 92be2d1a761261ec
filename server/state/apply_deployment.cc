// Commands about deployments: status, promotion, health set by hand.
#include <algorithm>
#include <set>

#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "server/state/apply.h"
#include "server/state/deployment_edits.h"
#include "server/state/job_versions.h"

namespace yurt::server {
namespace {

Error refused(std::string why) { return {ErrorCode::failed_precondition, std::move(why)}; }

// A group's time to show progress starts anew.
void restart_clock(model::DeploymentState& group, std::int64_t now_ns) {
  if (group.progress_deadline() > 0) {
    group.set_require_progress_by(now_ns + group.progress_deadline());
  }
}

// The deployment to change, if it can still be changed.
Result<DeploymentRef> live_deployment(const Transaction& transaction, const DeploymentId& id) {
  const DeploymentRef row = transaction.deployment(id);
  if (!row) return Error{ErrorCode::not_found, "deployment not found"};
  if (is_live(*row)) return row;
  return refused("deployment has ended: it is " + row->status());
}

// Canaries of the group that run and have been found healthy.
int healthy_canaries(const Transaction& transaction, const model::DeploymentState& group) {
  return static_cast<int>(std::count_if(
      group.placed_canaries().begin(), group.placed_canaries().end(), [&](const std::string& id) {
        const AllocRef alloc = transaction.alloc(AllocId::parse_or_nil(id));
        return alloc && !alloc->terminal() && alloc->more().deployment_healthy.value_or(false);
      }));
}

// The groups to promote; an error names everything that stands against it.
Result<std::vector<std::string>> promotable(const Transaction& transaction,
                                            const model::Deployment& deployment,
                                            const model::PromoteDeployment& command) {
  std::set<std::string> groups(command.groups().begin(), command.groups().end());
  if (command.all()) {
    groups.clear();
    for (const auto& [name, group] : deployment.task_groups()) {
      if (group.desired_canaries() > 0 && !group.promoted()) groups.insert(name);
    }
    if (groups.empty()) return refused("no canaries to promote");
  }
  std::string problems;
  const auto problem = [&](const std::string& text) {
    problems += (problems.empty() ? "" : "\n") + text;
  };
  for (const std::string& name : groups) {
    const auto found = deployment.task_groups().find(name);
    if (found == deployment.task_groups().end()) {
      problem("Task group \"" + name + "\" is not part of the deployment");
    } else if (found->second.desired_canaries() == 0) {
      problem("Task group \"" + name + "\" has no canaries to promote");
    } else if (const int healthy = healthy_canaries(transaction, found->second);
               healthy < found->second.desired_canaries()) {
      problem("Task group \"" + name + "\" has " + std::to_string(healthy) + "/" +
              std::to_string(found->second.desired_canaries()) + " healthy allocations");
    }
  }
  if (!problems.empty()) return refused(problems);
  return std::vector<std::string>(groups.begin(), groups.end());
}

// From now on it is an instance as others are; its agent is told.
void clear_canary(Transaction& transaction, const AllocId& id) {
  const AllocRef alloc = transaction.alloc(id);
  if (!alloc || !alloc->more().canary) return;
  AllocEdit edit(*alloc);
  edit.extra().canary = false;
  edit.alloc->alloc_modify_index = transaction.index();
  transaction.put_alloc(edit.alloc);
}

Status check_health_ids(const Transaction& transaction, const DeploymentId& deployment,
                        const google::protobuf::RepeatedPtrField<std::string>& ids) {
  for (const std::string& bytes : ids) {
    const auto id = AllocId::from_bytes(bytes);
    const AllocRef alloc = transaction.alloc(id);
    if (!alloc) return Error{ErrorCode::not_found, "unknown alloc \"" + id.to_string() + "\""};
    if (alloc->more().deployment != deployment) {
      return Error{ErrorCode::invalid_argument, "alloc \"" + id.to_string() +
                                                    "\" is not part of deployment \"" +
                                                    deployment.to_string() + "\""};
    }
  }
  return {};
}

void set_health(Transaction& transaction, DeploymentEdits& deployments, const std::string& bytes,
                bool healthy) {
  const AllocRef alloc = transaction.alloc(AllocId::from_bytes(bytes));
  const std::optional<bool> before = alloc->more().deployment_healthy;
  if (before == healthy) return;
  AllocEdit edit(*alloc);
  edit.extra().deployment_healthy = healthy;
  edit.extra().deployment_health_time = transaction.time();
  const AllocRef published = edit.alloc;
  transaction.put_alloc(edit.alloc);
  deployments.count_health(*published, before);
}

}  // namespace

void move_deployment(Transaction& transaction, const DeploymentId& id, const std::string& status,
                     const std::string& description) {
  const DeploymentRef row = transaction.deployment(id);
  if (!row || !is_live(*row)) return;
  model::Deployment changed = *row;
  changed.set_status(status);
  changed.set_status_description(description);
  // No time passes for a paused deployment.
  if (row->status() == "paused" && status == "running") {
    for (auto& [name, group] : *changed.mutable_task_groups()) {
      if (group.placed_allocs() > 0) restart_clock(group, transaction.time());
    }
  }
  if (status == "successful") {
    const JobKey key{row->namespace_(), row->job_id()};
    const JobRecord* record = transaction.job(key);
    if (record != nullptr && record->job->create_index() == row->job_create_index()) {
      edit_version(transaction, key, row->job_version(),
                   [](model::Job& version) { version.set_stable(true); });
    }
  }
  transaction.put_deployment(std::move(changed));
}

Result<Applied> apply(Transaction& transaction, const model::UpdateDeploymentStatus& command) {
  const auto& update = command.update();
  const auto id = DeploymentId::from_bytes(update.deployment_id());
  YURT_TRY(live_deployment(transaction, id));
  // First what may be refused.
  if (command.has_revert()) YURT_TRY(apply(transaction, command.revert()));
  move_deployment(transaction, id, update.status(), update.status_description());
  if (command.has_evaluation()) transaction.put_eval(command.evaluation());
  return Applied{.index = transaction.index()};
}

Result<Applied> apply(Transaction& transaction, const model::PromoteDeployment& command) {
  const auto id = DeploymentId::from_bytes(command.deployment_id());
  YURT_ASSIGN(const DeploymentRef row, live_deployment(transaction, id));
  YURT_ASSIGN(const auto groups, promotable(transaction, *row, command));
  model::Deployment changed = *row;
  for (const std::string& name : groups) {
    auto& group = changed.mutable_task_groups()->at(name);
    group.set_promoted(true);
    restart_clock(group, transaction.time());
    for (const std::string& canary : group.placed_canaries()) {
      clear_canary(transaction, AllocId::parse_or_nil(canary));
    }
  }
  const bool more = std::any_of(
      changed.task_groups().begin(), changed.task_groups().end(), [](const auto& entry) {
        return entry.second.desired_canaries() > 0 && !entry.second.promoted();
      });
  if (!more && changed.status() == "running") {
    changed.set_status_description("Deployment is running");
  }
  transaction.put_deployment(std::move(changed));
  if (command.has_evaluation()) transaction.put_eval(command.evaluation());
  return Applied{.index = transaction.index()};
}

Result<Applied> apply(Transaction& transaction, const model::SetAllocHealth& command) {
  const auto id = DeploymentId::from_bytes(command.deployment_id());
  YURT_TRY(live_deployment(transaction, id));
  YURT_TRY(check_health_ids(transaction, id, command.healthy()));
  YURT_TRY(check_health_ids(transaction, id, command.unhealthy()));
  if (command.has_revert()) YURT_TRY(apply(transaction, command.revert()));
  DeploymentEdits deployments(transaction);
  for (const std::string& alloc : command.healthy()) {
    set_health(transaction, deployments, alloc, true);
  }
  for (const std::string& alloc : command.unhealthy()) {
    set_health(transaction, deployments, alloc, false);
  }
  deployments.put_all();
  if (command.has_update()) {
    move_deployment(transaction, id, command.update().status(),
                    command.update().status_description());
  }
  if (command.has_evaluation()) transaction.put_eval(command.evaluation());
  return Applied{.index = transaction.index()};
}

}  // namespace yurt::server
