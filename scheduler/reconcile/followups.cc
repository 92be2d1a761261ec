#include "scheduler/reconcile/followups.h"

#include <algorithm>

#include "base/clock.h"
#include "scheduler/reconcile/descriptions.h"

namespace yurt::scheduler {

std::vector<DelayedWith> batch_followups(std::vector<Delayed> delayed, const char* triggered_by,
                                         const char* description,
                                         const std::function<EvalId()>& new_id,
                                         std::vector<FollowUp>& followups) {
  constexpr std::int64_t window_ns = 5 * nanoseconds_per_second;
  std::sort(delayed.begin(), delayed.end(), [](const Delayed& a, const Delayed& b) {
    return a.due_ns != b.due_ns ? a.due_ns < b.due_ns : a.alloc->id < b.alloc->id;
  });
  std::vector<DelayedWith> result;
  bool open = false;
  for (Delayed& one : delayed) {
    if (!open || one.due_ns - followups.back().wait_until_ns >= window_ns) {
      followups.push_back({new_id(), one.due_ns, triggered_by, description});
      open = true;
    }
    result.push_back({std::move(one.alloc), followups.back().id});
  }
  return result;
}

Update as_unknown(const AllocRef& alloc, const EvalId& followup) {
  Update update;
  update.alloc = alloc;
  update.client = ClientStatus::unknown;
  update.client_description = description::unknown;
  update.followup_eval = followup;
  return update;
}

Update as_waiting(const DelayedWith& delayed) {
  Update update;
  update.alloc = delayed.alloc;
  update.followup_eval = delayed.followup;
  return update;
}

}  // namespace yurt::scheduler
