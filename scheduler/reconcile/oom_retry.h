// Retries with more memory: what a task's on_failure "oom" block makes of a batch allocation that
// was killed for want of memory. Its successor is placed at once, outside the reschedule policy.
// Pure. Memory is in MiB.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proto/allocation.h"
#include "scheduler/place/group_ask.h"

namespace yurt::scheduler {

struct OomRetry {
  MemoryGrants memory;      // of every task with such a block
  std::string description;  // for the one that was killed: a sentence for users
};

struct OomAnswer {
  std::optional<OomRetry> retry;
  std::string refusal;  // attempts are left and there is no node for one; otherwise empty
};

// Whether some task of a failed batch allocation that nobody has replaced was killed for want of
// memory with attempts left.
[[nodiscard]] bool may_retry_for_memory(const Allocation& failed);

// `largest_mb`: the memory of the largest node that may take the group, which bounds what is asked
// for; 0: not known, no bound.
[[nodiscard]] OomAnswer oom_answer(const Allocation& failed, std::int64_t largest_mb);

// What a successor gets that follows for another reason: earlier retries stay in force.
[[nodiscard]] MemoryGrants inherited_memory(const Allocation& previous);

}  // namespace yurt::scheduler
