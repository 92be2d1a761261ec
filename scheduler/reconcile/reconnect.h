// reconnect: an allocation that was unknown is back while a replacement may run already: which of
// them goes? Pure.
#pragma once

#include <vector>

#include "proto/allocation.h"
#include "scheduler/plan.h"

namespace yurt::scheduler {

// `replacements`: live allocations of the same name. True: the original stays and they go; false:
// the original goes. One that failed goes; a replacement of a newer job version stays; otherwise
// the group's disconnect.reconcile decides.
[[nodiscard]] bool original_stays(const Allocation& original,
                                  const std::vector<AllocRef>& replacements);

// The live ones among `allocs` that have the original's name.
[[nodiscard]] std::vector<AllocRef> replacements_of(const Allocation& original,
                                                    const std::vector<AllocRef>& allocs);

// Saying its status again is what ends an allocation's time as a disconnected one.
[[nodiscard]] Update as_reconnected(const AllocRef& alloc);

}  // namespace yurt::scheduler
