#include "server/leader/drain.h"

#include <algorithm>
#include <map>

#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::server {
namespace {

bool is_system(const Allocation& alloc) {
  return alloc.job->type() == "system" || alloc.job->type() == "sysbatch";
}

bool is_healthy(const Allocation& alloc) {
  if (alloc.terminal() || alloc.more().transition.migrate) return false;
  if (alloc.more().deployment_healthy) return *alloc.more().deployment_healthy;
  return alloc.client == ClientStatus::running;
}

struct GroupKey {
  JobKey job;
  std::string group;
  auto operator<=>(const GroupKey&) const = default;
};

class Drain {
 public:
  Drain(const Snapshot& state, std::int64_t now_ns) : state_(state), now_ns_(now_ns) {}

  DrainStep run() {
    state_.tables().nodes.each([&](const NodeId& id, const NodeRef& node) {
      if (node->has_drain_strategy()) look_at(id, node);
      return true;
    });
    for (auto& [key, candidates] : services_) pick(key, candidates);
    return std::move(step_);
  }

 private:
  void look_at(const NodeId& id, const NodeRef& node) {
    const auto& drain = node->drain_strategy();
    const bool forced =
        drain.deadline() < 0 || (drain.force_deadline() != 0 && drain.force_deadline() <= now_ns_);
    std::vector<AllocRef> system, other;
    for (const AllocRef& alloc : state_.allocs_of_node(id)) {
      // A stopped allocation is still there until the agent says that its tasks are gone.
      if (alloc->client_terminal()) continue;
      (is_system(*alloc) ? system : other).push_back(alloc);
    }
    for (const AllocRef& alloc : other) {
      if (alloc->server_terminal() || alloc->more().transition.migrate) continue;
      if (alloc->job->type() == "batch") {
        if (forced) step_.stop_unreplaced.push_back(alloc);
      } else if (forced) {
        step_.migrate.push_back(alloc);
      } else {
        services_[{{alloc->job->namespace_(), alloc->job->id()}, alloc->task_group().name()}]
            .push_back(alloc);
      }
    }
    if (!other.empty() && !forced) return;
    if (!drain.ignore_system_jobs()) {
      for (const AllocRef& alloc : system) {
        if (alloc->server_terminal() || alloc->more().transition.migrate) continue;
        (alloc->job->type() == "system" ? step_.migrate : step_.stop_unreplaced).push_back(alloc);
      }
    }
    if (other.empty() && (system.empty() || drain.ignore_system_jobs())) {
      step_.finished.push_back(node);
    }
  }

  // Lets as many go as the group can spare.
  void pick(const GroupKey& key, std::vector<AllocRef>& candidates) {
    const JobRef job = state_.job(key.job);
    int count = 0, max_parallel = 1;
    bool found = false;
    if (job && !job->stop()) {
      for (const auto& group : job->group()) {
        if (group.name() != key.group) continue;
        found = true;
        count = group.count();
        if (group.has_migrate()) max_parallel = group.migrate().max_parallel();
      }
    }
    if (!found) {
      // The job or group is going anyway.
      step_.migrate.insert(step_.migrate.end(), candidates.begin(), candidates.end());
      return;
    }
    int healthy = 0;
    for (const AllocRef& alloc : state_.allocs_of_job(key.job)) {
      if (alloc->task_group().name() == key.group && is_healthy(*alloc)) ++healthy;
    }
    // Unhealthy ones help nobody where they are: they may always go.
    std::stable_partition(candidates.begin(), candidates.end(),
                          [](const AllocRef& alloc) { return !is_healthy(*alloc); });
    int spare = healthy - (count - std::max(1, max_parallel));
    for (const AllocRef& alloc : candidates) {
      if (is_healthy(*alloc) && spare-- <= 0) break;
      step_.migrate.push_back(alloc);
    }
  }

  const Snapshot& state_;
  const std::int64_t now_ns_;
  DrainStep step_;
  std::map<GroupKey, std::vector<AllocRef>> services_;
};

}  // namespace

DrainStep next_drain_step(const Snapshot& state, std::int64_t now_ns) {
  return Drain(state, now_ns).run();
}

}  // namespace yurt::server
