// The reschedule policy: whether and when a failed allocation gets a successor elsewhere. Pure.
// Times are Unix nanoseconds, durations nanoseconds.
#pragma once

#include <optional>
#include <vector>

#include "proto/allocation.h"

namespace yurt::scheduler {

// When the failed allocation may be replaced; nullopt: never (no policy, attempts used up, or it
// has not failed).
[[nodiscard]] std::optional<std::int64_t> reschedule_time(const Allocation& alloc);

// Whether the policy has attempts left for an allocation that turned out bad at `now_ns`.
[[nodiscard]] bool has_attempts_left(const Allocation& alloc, std::int64_t now_ns);

// What the successor of `previous` inherits: the recent records and one for this step.
[[nodiscard]] std::vector<RescheduleRecord> inherited_records(const Allocation& previous,
                                                              std::int64_t now_ns);

}  // namespace yurt::scheduler
