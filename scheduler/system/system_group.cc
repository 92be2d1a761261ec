#include "scheduler/system/system_group.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "scheduler/reconcile/descriptions.h"
#include "scheduler/reconcile/reconnect.h"
#include "scheduler/reconcile/update_block.h"

namespace yurt::scheduler {
namespace {

// What one node has of the group.
struct OnNode {
  std::vector<AllocRef> live;
  AllocRef finished;      // the newest that ended by itself
  bool occupied = false;  // something is there that is neither live nor to be replaced now
};

class SystemGroup {
 public:
  SystemGroup(RunContext& run, int group, const std::string& name, const DeploymentView& deployment)
      : run_(run),
        job_(*run.job),
        group_(group < 0 ? nullptr : &job_.group(group)),
        index_(group),
        sysbatch_(job_.type() == "sysbatch"),
        deployment_(deployment) {
    if (!deployment.current) return;
    const auto state = deployment.current->task_groups().find(name);
    if (state == deployment.current->task_groups().end()) return;
    state_ = &state->second;
    deployment_id_ = DeploymentId::parse_or_nil(deployment.current->id());
  }

  SystemGroupResult reconcile(const std::vector<AllocRef>& allocs) {
    const bool wanted = group_ != nullptr && (!group_->has_count() || group_->count() > 0);
    for (const AllocRef& alloc : allocs) sort(alloc, wanted);
    if (!wanted) return std::move(out_);
    strategy_ = sysbatch_ ? nullptr : update_block(job_, *group_);
    for (auto& [node, on_node] : nodes_) keep_one(node, on_node);
    place_missing();
    limit_replacements();
    time_out_disconnected();
    decide_deployment(allocs);
    return std::move(out_);
  }

 private:
  void sort(const AllocRef& alloc, bool wanted) {
    OnNode& on_node = nodes_[alloc->node];
    if (alloc->server_terminal()) return ignored();
    if (!wanted && !alloc->terminal()) {
      const NodeHealth health = run_.health(alloc->node);
      const bool lost = health == NodeHealth::down || health == NodeHealth::gone;
      return lost ? stop(alloc, description::lost, ClientStatus::lost)
                  : stop(alloc, description::not_needed);
    }
    if (alloc->client_terminal()) {
      ignored();
      const bool older = alloc->job->version() < job_.version() ||
                         alloc->job->create_index() < job_.create_index();
      // What a sysbatch job has done on a node it does again only in a newer version.
      if (sysbatch_ && !older) on_node.occupied = true;
      if (!on_node.finished || on_node.finished->create_time < alloc->create_time) {
        on_node.finished = alloc;
      }
      return;
    }
    switch (fate_of(*alloc, run_.health(alloc->node), run_.request.now_ns)) {
      case Fate::ignore: return ignored();
      case Fate::lost: return stop(alloc, description::lost, ClientStatus::lost);
      case Fate::migrate:
        out_.desired.set_migrate(out_.desired.migrate() + 1);
        out_.stop.push_back({alloc, description::node_tainted, std::nullopt, EvalId{}});
        return;
      case Fate::disconnecting:
        on_node.occupied = true;
        disconnecting_.push_back(alloc);
        out_.desired.set_disconnect(out_.desired.disconnect() + 1);
        return;
      case Fate::reconnecting: {
        out_.update.push_back(as_reconnected(alloc));
        out_.desired.set_reconnect(out_.desired.reconnect() + 1);
        on_node.live.push_back(alloc);
        return;
      }
      case Fate::untainted: on_node.live.push_back(alloc); return;
    }
  }

  void keep_one(const NodeId& node, OnNode& on_node) {
    std::sort(on_node.live.begin(), on_node.live.end(), [](const AllocRef& a, const AllocRef& b) {
      return a->job->version() != b->job->version() ? a->job->version() > b->job->version()
                                                    : a->id < b->id;
    });
    for (std::size_t i = 0; i < on_node.live.size(); ++i) {
      const AllocRef& alloc = on_node.live[i];
      if (i > 0) {
        stop(alloc, description::not_needed);
      } else {
        decide(alloc, node);
      }
    }
  }

  void decide(const AllocRef& alloc, const NodeId& node) {
    if (alloc->client == ClientStatus::unknown) return ignored();
    const Slot slot = run_.request.cluster.slot_of(node);
    const model::Node& there = *run_.request.cluster.node(slot);
    if (!addresses_pool(job_, there.node_pool()) ||
        !addresses_datacenter(job_, there.datacenter())) {
      return stop(alloc, description::not_needed);
    }
    switch (run_.update_kind(alloc)) {
      case UpdateKind::ignore: return ignored();
      case UpdateKind::in_place: out_.in_place.push_back(alloc); return;
      case UpdateKind::destructive: break;
    }
    if (run_.request.cluster.columns().schedulable[slot] == 0) return ignored();
    const auto& feasible = run_.placer(run_.job, index_).feasible();
    if (!std::binary_search(feasible.begin(), feasible.end(), slot)) {
      return stop(alloc, description::not_needed);
    }
    replaceable_.push_back({alloc, slot});
  }

  void place_missing() {
    for (Slot slot : run_.placer(run_.job, index_).feasible()) {
      const auto at = nodes_.find(run_.request.cluster.node_id(slot));
      if (at == nodes_.end()) {
        out_.place.push_back({slot, nullptr});
      } else if (at->second.live.empty() && !at->second.occupied) {
        out_.place.push_back({slot, at->second.finished});
      }
    }
    // Slots depend on the order in which nodes came; IDs do not.
    std::sort(out_.place.begin(), out_.place.end(), [&](const auto& a, const auto& b) {
      return run_.request.cluster.node_id(a.slot) < run_.request.cluster.node_id(b.slot);
    });
    out_.desired.set_place(out_.place.size());
  }

  // A share of the nodes to be updated, in percent, and never more than are updated at once.
  [[nodiscard]] int canaries_of(std::size_t updates) const {
    const double share = std::ceil(strategy_->canary() / 100.0 * static_cast<double>(updates));
    return std::min(static_cast<int>(share), strategy_->max_parallel());
  }

  void limit_replacements() {
    std::size_t limit = replaceable_.size();
    bool canaries = false;
    if (strategy_ != nullptr && !replaceable_.empty()) {
      if (!deployment_.current) {
        new_canaries_ = canaries_of(replaceable_.size());
        canaries = new_canaries_ > 0;
        limit = static_cast<std::size_t>(canaries ? new_canaries_ : strategy_->max_parallel());
      } else {
        limit = static_cast<std::size_t>(std::max(0, limit_in_deployment(canaries)));
      }
    }
    for (std::size_t i = 0; i < replaceable_.size(); ++i) {
      if (i >= limit) {
        ignored();
        continue;
      }
      replaceable_[i].canary = canaries;
      out_.replace.push_back(replaceable_[i]);
    }
    out_.desired.set_in_place_update(out_.in_place.size());
    (canaries ? out_.desired.set_canary(out_.replace.size())
              : out_.desired.set_destructive_update(out_.replace.size()));
  }

  [[nodiscard]] int limit_in_deployment(bool& canaries) const {
    if (deployment_.paused || deployment_.failed) return 0;
    int limit = strategy_->max_parallel(), canaries_out = 0;
    for (const auto& [node, on_node] : nodes_) {
      for (const AllocRef& alloc : on_node.live) {
        const AllocExtra& extra = alloc->more();
        if (extra.deployment != deployment_id_ || state_ == nullptr) continue;
        if (extra.canary) ++canaries_out;
        if (!extra.deployment_healthy) {
          --limit;
        } else if (!*extra.deployment_healthy) {
          return 0;
        }
      }
    }
    if (state_ != nullptr && state_->desired_canaries() > 0 && !state_->promoted()) {
      canaries = true;
      return std::min(limit, state_->desired_canaries() - canaries_out);
    }
    return limit;
  }

  void time_out_disconnected() {
    std::vector<Delayed> time_outs;
    const auto becomes_unknown = [&](const AllocRef& alloc, const EvalId& followup) {
      Update update;
      update.alloc = alloc;
      update.client = ClientStatus::unknown;
      update.client_description = description::unknown;
      update.followup_eval = followup;
      out_.update.push_back(std::move(update));
    };
    for (const AllocRef& alloc : disconnecting_) {
      const std::int64_t lost_after = disconnect_rules(alloc->task_group()).lost_after;
      if (lost_after > 0) {
        time_outs.push_back({alloc, run_.request.now_ns + lost_after});
      } else {
        becomes_unknown(alloc, EvalId{});
      }
    }
    for (const auto& delayed : batch_followups(
             std::move(time_outs), "max-disconnect-timeout", description::disconnect_timeout,
             [this] { return EvalId::generate(run_.request.random); }, out_.followups)) {
      becomes_unknown(delayed.alloc, delayed.followup);
    }
  }

  void decide_deployment(const std::vector<AllocRef>& allocs) {
    const bool had_this_version =
        std::any_of(allocs.begin(), allocs.end(), [&](const AllocRef& alloc) {
          return alloc->job->version() == job_.version() &&
                 alloc->job->create_index() == job_.create_index();
        });
    const bool updates = !replaceable_.empty() || !out_.in_place.empty();
    int live = 0;
    for (const auto& [node, on_node] : nodes_) live += on_node.live.empty() ? 0 : 1;
    const int total = static_cast<int>(out_.place.size()) + live;
    if (!deployment_.current && strategy_ != nullptr && total > 0 &&
        (!had_this_version || updates)) {
      out_.new_deployment = deployment_part(*strategy_, total, new_canaries_);
    }
    out_.deployment_complete =
        !updates && out_.place.empty() &&
        (state_ == nullptr ||
         // Nodes may have left since it began.
         (state_->healthy_allocs() >= std::min(state_->desired_total(), live) &&
          (state_->desired_canaries() == 0 || state_->promoted())));
  }

  void stop(const AllocRef& alloc, const char* why,
            std::optional<ClientStatus> client = std::nullopt) {
    out_.stop.push_back({alloc, why, client, EvalId{}});
    out_.desired.set_stop(out_.desired.stop() + 1);
  }
  void ignored() { out_.desired.set_ignore(out_.desired.ignore() + 1); }

  RunContext& run_;
  const model::Job& job_;
  const model::TaskGroup* group_;
  const int index_;
  const bool sysbatch_;
  const DeploymentView& deployment_;
  const model::DeploymentState* state_ = nullptr;
  DeploymentId deployment_id_;
  const model::UpdateStrategy* strategy_ = nullptr;
  int new_canaries_ = 0;
  std::map<NodeId, OnNode> nodes_;
  std::vector<AllocRef> disconnecting_;
  std::vector<SystemGroupResult::Replacement> replaceable_;  // in order of node ID
  SystemGroupResult out_;
};

}  // namespace

SystemGroupResult reconcile_system_group(RunContext& run, int group, const std::string& name,
                                         const std::vector<AllocRef>& allocs,
                                         const DeploymentView& deployment) {
  return SystemGroup(run, group, name, deployment).reconcile(allocs);
}

}  // namespace yurt::scheduler
