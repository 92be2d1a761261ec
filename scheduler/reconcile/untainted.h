// What the job alone says about an allocation whose node is fine: does it keep its slot, is it
// over (so that its name is free), or did it fail and is to be rescheduled, now or later? Pure.
#pragma once

#include "base/ids.h"
#include "proto/allocation.h"

namespace yurt::scheduler {

enum class Standing : std::uint8_t { over, keeps_slot, reschedule_now, reschedule_later };

struct StandingRules {
  bool batch = false;
  EvalId eval;              // the running evaluation: what waited for it is due
  DeploymentId deployment;  // an active one, in which the deployment decides first; nil: none
  std::int64_t now_ns = 0;
  bool oom_retry = false;  // it failed for want of memory, and is to run again with more
};

struct StandingAnswer {
  Standing standing;
  std::int64_t due_ns = 0;  // of reschedule_later
};

[[nodiscard]] StandingAnswer standing_of(const Allocation& alloc, const StandingRules& rules);

}  // namespace yurt::scheduler
