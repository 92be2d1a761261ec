#include "server/leader/restart_turns.h"

#include <algorithm>

#include "proto/job.pb.h"
#include "proto/release.pb.h"
#include "proto/state.pb.h"
#include "scheduler/state_view.h"

namespace yurt::server {
namespace {

constexpr std::int64_t default_min_healthy_ns = 10'000'000'000;

std::int64_t healthy_time_ns(const Allocation& alloc) {
  const model::TaskGroup& group = alloc.task_group();
  if (group.update().has_min_healthy_time()) return group.update().min_healthy_time();
  if (group.migrate().has_min_healthy_time()) return group.migrate().min_healthy_time();
  return default_min_healthy_ns;
}

bool still_wanted(const Allocation& alloc) { return !alloc.terminal(); }

// Whether it has done its work for long enough, as far as the state tells.
bool serves(const Allocation& alloc, const Snapshot& state, std::int64_t now_wall_ns) {
  if (alloc.client != ClientStatus::running) return false;
  for (const ServiceRef& service : state.services_of_alloc(alloc.id)) {
    if (!service->health().empty() && service->health() != "passing") return false;
  }
  const auto tasks = alloc.task_states ? alloc.task_states->unpack() : model::TaskStates();
  for (const auto& [name, task] : tasks.tasks()) {
    if (task.failed()) return false;
    if (task.state() == "dead") continue;  // one that has done its part before the others
    const std::int64_t since_ns = std::max(task.started_at(), task.last_restart());
    if (task.state() != "running" || now_wall_ns - since_ns < healthy_time_ns(alloc)) return false;
  }
  return true;
}

std::int64_t count_of(const Snapshot& state, const JobKey& key, const std::string& name) {
  const JobRef job = state.job(key);
  if (!job) return 0;
  for (const auto& group : job->group()) {
    if (group.name() == name) return group.count();
  }
  return 0;
}

// Whether what is missing may still come, now or after a delay.
bool is_being_placed(const Snapshot& state, const JobKey& key) {
  const auto evals = state.evals_of_job(key);
  return std::any_of(evals.begin(), evals.end(),
                     [](const EvalRef& eval) { return eval->status() == "pending"; });
}

std::string instance_name(const Allocation& alloc) {
  return alloc.task_group().name() + "[" + std::to_string(alloc.name_index) + "]";
}

}  // namespace

void RestartTurns::take(const NodeId& node, const model::RestartTurn& turn, const Snapshot& state) {
  const TurnKey key{AllocId::from_bytes(turn.alloc_id()), turn.task()};
  const AllocRef alloc = state.alloc(key.alloc);
  if (!alloc || alloc->node != node) return;
  const std::lock_guard lock(mutex_);
  Group& group =
      groups_[{{alloc->job->namespace_(), alloc->job->id()}, alloc->task_group().name()}];
  group.asked.erase(key);
  group.holders.erase(key);
  switch (turn.kind()) {
    case model::RestartTurn::ASK:
      if (turn.granted()) {
        group.holders[key] = {node, turn.index()};
      } else {
        group.asked[key] = {node, turn.index()};
      }
      break;
    case model::RestartTurn::FAILED: fail(group, state, key, turn.index()); break;
    case model::RestartTurn::DONE:
    case model::RestartTurn::CANCEL:
    default: break;
  }
}

void RestartTurns::forget(const NodeId& node) {
  const std::lock_guard lock(mutex_);
  const auto of_node = [&](const auto& entry) { return entry.second.node == node; };
  for (auto& [key, group] : groups_) {
    std::erase_if(group.asked, of_node);
    std::erase_if(group.holders, of_node);
  }
}

void RestartTurns::fail(Group& group, const Snapshot& state, const TurnKey& key,
                        std::uint64_t index) {
  const AllocRef alloc = state.alloc(key.alloc);
  group.failed_index = std::max(group.failed_index, index);
  group.failure = (alloc ? instance_name(*alloc) : std::string("an instance")) +
                  " was not healthy after its restart";
}

void RestartTurns::drop_ended(Group& group, const Snapshot& state) {
  const auto gone = [&](const TurnKey& key) {
    const AllocRef alloc = state.alloc(key.alloc);
    return !alloc || !still_wanted(*alloc);
  };
  std::erase_if(group.asked, [&](const auto& entry) { return gone(entry.first); });
  std::map<TurnKey, std::uint64_t> failed;
  std::erase_if(group.holders, [&](const auto& entry) {
    const AllocRef alloc = state.alloc(entry.first.alloc);
    const bool by_itself = alloc && alloc->client == ClientStatus::failed;
    if (by_itself) failed[entry.first] = entry.second.index;
    return gone(entry.first);
  });
  for (const auto& [key, index] : failed) fail(group, state, key, index);
}

void RestartTurns::decide_group(const GroupKey& key, Group& group, const Snapshot& state,
                                std::int64_t now_wall_ns,
                                const std::function<bool(const NodeId&)>& caught_up,
                                std::vector<Answer>& answers) {
  const auto answer = [&](const TurnKey& turn, const NodeId& node, const std::string& refused) {
    Answer out{node, {}};
    out.grant.set_alloc_id(turn.alloc.to_bytes());
    out.grant.set_task(turn.task);
    out.grant.set_refused(refused);
    answers.push_back(std::move(out));
  };
  std::erase_if(group.asked, [&](const auto& entry) {
    const bool refused = entry.second.index <= group.failed_index;
    if (refused) answer(entry.first, entry.second.node, group.failure);
    return refused;
  });
  if (group.asked.empty() || !group.holders.empty()) return;
  std::map<AllocId, bool> live;  // whether it serves
  std::size_t away = 0;
  for (const AllocRef& alloc : state.allocs_of_job(key.job)) {
    if (alloc->task_group().name() != key.group || !still_wanted(*alloc)) continue;
    // One that nobody has heard of may be restarting by an earlier leader's leave.
    if (!caught_up(alloc->node)) return;
    live[alloc->id] = serves(*alloc, state, now_wall_ns);
    away += live[alloc->id] ? 0 : 1;
  }
  const bool too_few = static_cast<std::int64_t>(live.size()) < count_of(state, key.job, key.group);
  if (too_few && is_being_placed(state, key.job)) return;
  for (const auto& [turn, asked] : group.asked) {
    const auto own = live.find(turn.alloc);
    if (own == live.end()) continue;
    // All others serve, or this one does not serve anyway.
    if (own->second && away > 0) continue;
    answer(turn, asked.node, "");
    group.holders[turn] = asked;
    group.asked.erase(turn);
    return;
  }
}

std::vector<RestartTurns::Answer> RestartTurns::decide(
    const Snapshot& state, std::int64_t now_wall_ns,
    const std::function<bool(const NodeId&)>& caught_up) {
  const std::lock_guard lock(mutex_);
  std::vector<Answer> answers;
  for (auto at = groups_.begin(); at != groups_.end();) {
    drop_ended(at->second, state);
    decide_group(at->first, at->second, state, now_wall_ns, caught_up, answers);
    const bool over = at->second.asked.empty() && at->second.holders.empty();
    const bool forgotten = over && !state.job(at->first.job);
    at = forgotten || (over && at->second.failed_index == 0) ? groups_.erase(at) : std::next(at);
  }
  return answers;
}

bool RestartTurns::idle() const {
  const std::lock_guard lock(mutex_);
  return groups_.empty();
}

}  // namespace yurt::server
