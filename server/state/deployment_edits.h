// DeploymentEdits: the deployments that one command counts into, each copied and written once
// however many of its allocations the command is about. Used by the apply thread only.
#pragma once

#include <map>
#include <optional>

#include "proto/state.pb.h"
#include "server/state/transaction.h"

namespace yurt::server {

class DeploymentEdits {
 public:
  explicit DeploymentEdits(Transaction& transaction) : transaction_(transaction) {}

  // The counts of a group, to change; null when there is no such deployment or it lacks the group.
  // REQUIRES: nothing else puts the deployment before put_all()
  [[nodiscard]] model::DeploymentState* group(const DeploymentId& id, const std::string& name) {
    auto [at, is_new] = rows_.try_emplace(id);
    if (is_new) {
      if (const DeploymentRef row = transaction_.deployment(id)) at->second.row = *row;
    }
    auto& groups = *at->second.row.mutable_task_groups();
    const auto found = groups.find(name);
    if (found == groups.end()) return nullptr;
    at->second.changed = true;
    return &found->second;
  }

  // Counts what `alloc` now says of its health in its deployment, where it said `before`.
  void count_health(const Allocation& alloc, std::optional<bool> before);

  // Writes what was asked for.
  void put_all() {
    for (auto& [id, edit] : rows_) {
      if (edit.changed) transaction_.put_deployment(std::move(edit.row));
    }
    rows_.clear();
  }

 private:
  struct Edit {
    model::Deployment row;  // empty when there is no such deployment
    bool changed = false;
  };

  Transaction& transaction_;
  std::map<DeploymentId, Edit> rows_;
};

}  // namespace yurt::server
