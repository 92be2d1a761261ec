#include "scheduler/reconcile/oom_retry.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::scheduler {
namespace {

const model::OnFailure* oom_rule(const model::Task& task) {
  const auto rule = std::find_if(task.on_failure().begin(), task.on_failure().end(),
                                 [](const auto& rule) { return rule.reason() == "oom"; });
  return rule == task.on_failure().end() ? nullptr : &*rule;
}

bool was_killed_for_memory(const model::TaskState& state) {
  const auto& events = state.events();
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if (event->type() != "Terminated") continue;
    const auto killed = event->details().find("oom_killed");
    return killed != event->details().end() && killed->second == "true";
  }
  return false;
}

// The tasks that were killed for memory and may try again, with their rules.
struct Killed {
  std::string task;
  const model::OnFailure* rule;
};
std::vector<Killed> killed_tasks(const Allocation& failed) {
  std::vector<Killed> out;
  const bool is_open = failed.client == ClientStatus::failed && !failed.server_terminal() &&
                       failed.more().next.is_nil();
  if (!is_open || failed.job->type() != "batch" || !failed.task_states) return out;
  const auto retries = static_cast<int>(failed.more().oom_retries);
  std::optional<model::TaskStates> states;
  for (const auto& task : failed.task_group().task()) {
    const model::OnFailure* rule = oom_rule(task);
    if (rule == nullptr || rule->attempts() <= retries) continue;
    if (!states) states = failed.task_states->unpack();
    const auto state = states->tasks().find(task.name());
    if (state == states->tasks().end() || !state->second.failed()) continue;
    if (was_killed_for_memory(state->second)) out.push_back({task.name(), rule});
  }
  return out;
}

std::int64_t grown(std::int64_t memory_mb, double factor) {
  return static_cast<std::int64_t>(std::ceil(static_cast<double>(memory_mb) * factor));
}

// What the tasks with a rule have at present.
MemoryGrants granted_memory(const Allocation& alloc) {
  MemoryGrants out;
  for (const auto& task : alloc.task_group().task()) {
    if (oom_rule(task) == nullptr) continue;
    const auto granted = alloc.resources->message->tasks().find(task.name());
    if (granted == alloc.resources->message->tasks().end()) continue;
    const auto& memory = granted->second.memory();
    out[task.name()] = {memory.memory_mb(), memory.memory_max_mb()};
  }
  return out;
}

std::string mib(std::int64_t memory_mb) { return std::to_string(memory_mb) + " MiB"; }

}  // namespace

bool may_retry_for_memory(const Allocation& failed) { return !killed_tasks(failed).empty(); }

OomAnswer oom_answer(const Allocation& failed, std::int64_t largest_mb) {
  OomAnswer answer;
  const std::vector<Killed> killed = killed_tasks(failed);
  if (killed.empty()) return answer;
  MemoryGrants memory = granted_memory(failed);
  std::int64_t before_mb = 0, growth_mb = 0;
  for (const Killed& one : killed) {
    const std::int64_t now_mb = memory[one.task].memory_mb;
    before_mb += now_mb;
    growth_mb += grown(now_mb, one.rule->memory_factor()) - now_mb;
  }
  // What the largest node has beyond the whole allocation as it was.
  const std::int64_t room_mb =
      largest_mb > 0 ? largest_mb - failed.resources->totals.memory_mb : growth_mb;
  if (room_mb <= 0) {
    answer.refusal = "Failed tasks: out of memory with " + mib(before_mb) +
                     ", and no node that may take it has more";
    return answer;
  }
  const double share = std::min(1.0, static_cast<double>(room_mb) / static_cast<double>(growth_mb));
  std::int64_t after_mb = 0;
  for (const Killed& one : killed) {
    TaskMemory& own = memory[one.task];
    const std::int64_t full_mb = grown(own.memory_mb, one.rule->memory_factor()) - own.memory_mb;
    own.memory_mb +=
        share < 1 ? static_cast<std::int64_t>(static_cast<double>(full_mb) * share) : full_mb;
    after_mb += own.memory_mb;
    if (own.memory_max_mb == 0) continue;
    own.memory_max_mb = grown(own.memory_max_mb, one.rule->memory_factor());
    if (largest_mb > 0) own.memory_max_mb = std::min(own.memory_max_mb, largest_mb);
    own.memory_max_mb = std::max(own.memory_max_mb, own.memory_mb);
  }
  OomRetry& retry = answer.retry.emplace();
  retry.memory = std::move(memory);
  retry.description = "out of memory with " + mib(before_mb) + ": placed again with " +
                      mib(after_mb) + (share < 1 ? ", as much as the largest node has" : "") +
                      " (retry " + std::to_string(failed.more().oom_retries + 1) + " of " +
                      std::to_string(killed.front().rule->attempts()) + ")";
  return answer;
}

MemoryGrants inherited_memory(const Allocation& previous) {
  return previous.more().oom_retries == 0 ? MemoryGrants{} : granted_memory(previous);
}

}  // namespace yurt::scheduler
