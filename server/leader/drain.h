// Drain: what must move off nodes that are being drained, now. Pure.
//
// Rules (Nomad's node drain): of a service group at most migrate.max_parallel allocations are away
// at a time, across the cluster; batch work may finish until the deadline and is then stopped
// without replacement; system allocations leave last, after everything else, unless ignored; a
// passed deadline moves everything.
#pragma once

#include <vector>

#include "server/state/snapshot.h"

namespace yurt::server {

struct DrainStep {
  std::vector<AllocRef> migrate;          // set DesiredTransition.Migrate
  std::vector<AllocRef> stop_unreplaced;  // batch: migrate, and place nothing instead
  std::vector<NodeRef> finished;          // nothing is left on these
};

[[nodiscard]] DrainStep next_drain_step(const Snapshot& state, std::int64_t now_ns);

}  // namespace yurt::server
