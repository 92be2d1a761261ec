// client_stops_at: agents stop the tasks of a group themselves once they have been out of reach for
// stop_on_client_after. Until then no successor may start, or two would run at once. Pure.
#pragma once

#include <optional>

#include "proto/allocation.h"

namespace yurt::scheduler {

// When the tasks on a node that was lost at `lost_at_ns` are gone for sure; nullopt: they are, or
// the group does not ask for waiting. Unix nanoseconds.
[[nodiscard]] std::optional<std::int64_t> client_stops_at(const Allocation& alloc,
                                                          std::int64_t lost_at_ns,
                                                          std::int64_t now_ns);

}  // namespace yurt::scheduler
