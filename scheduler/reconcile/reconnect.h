// reconnect: an allocation that was unknown is back while a replacement may run already: which of
// them goes? Pure.
#pragma once

#include <vector>

#include "proto/allocation.h"

namespace yurt::scheduler {

// `replacements`: live allocations of the same name. True: the original stays and they go; false:
// the original goes. One that failed goes; a replacement of a newer job version stays; otherwise
// the group's disconnect.reconcile decides.
[[nodiscard]] bool original_stays(const Allocation& original,
                                  const std::vector<AllocRef>& replacements);

}  // namespace yurt::scheduler
