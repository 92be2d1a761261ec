// FollowUps: evaluations for later, gathered so that allocations due within five seconds of each
// other share one. Pure.
#pragma once

#include <functional>
#include <vector>

#include "proto/allocation.h"
#include "scheduler/reconcile/group_pass.h"

namespace yurt::scheduler {

struct Delayed {
  AllocRef alloc;
  std::int64_t due_ns = 0;
};

struct DelayedWith {
  AllocRef alloc;
  EvalId followup;
};

// Appends the evaluations to `followups`; returns which allocation waits for which.
[[nodiscard]] std::vector<DelayedWith> batch_followups(std::vector<Delayed> delayed,
                                                       const char* triggered_by,
                                                       const char* description,
                                                       const std::function<EvalId()>& new_id,
                                                       std::vector<FollowUp>& followups);

// The mark of an allocation whose node can't be reached; `followup` gives it up.
[[nodiscard]] Update as_unknown(const AllocRef& alloc, const EvalId& followup);

// The allocation waits for that evaluation.
[[nodiscard]] Update as_waiting(const DelayedWith& delayed);

}  // namespace yurt::scheduler
