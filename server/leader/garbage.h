// Garbage: what has ended long enough ago to be forgotten. Pure.
//
// An evaluation goes when it and all its allocations are terminal; an allocation with it; a job
// when it is dead and all of its evaluations and allocations can go; a deployment when it has ended
// and no live allocation refers to it; a node when it is down and empty. Ages are by modify time.
// Source of the thresholds: Nomad's documented *_gc_threshold defaults.
#pragma once

#include <vector>

#include "base/clock.h"
#include "proto/command.pb.h"
#include "server/state/snapshot.h"

namespace yurt::server {

struct GarbageSettings {
  std::int64_t eval_age_ns = 3600 * nanoseconds_per_second;
  std::int64_t batch_eval_age_ns = 24 * 3600 * nanoseconds_per_second;
  std::int64_t job_age_ns = 4 * 3600 * nanoseconds_per_second;
  std::int64_t deployment_age_ns = 3600 * nanoseconds_per_second;
  std::int64_t node_age_ns = 24 * 3600 * nanoseconds_per_second;
};

// `force` ignores the ages.
[[nodiscard]] model::CollectGarbage find_garbage(const Snapshot& state, std::int64_t now_ns,
                                                 const GarbageSettings& settings, bool force);

// The same in pieces none of which is too long for a command, to be applied in this order. None
// when there is nothing to collect.
[[nodiscard]] std::vector<model::CollectGarbage> in_pieces(const model::CollectGarbage& garbage);

}  // namespace yurt::server
