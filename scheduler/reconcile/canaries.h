// Which canaries a group places, under which names, and whose place they may take. Pure.
#pragma once

#include <functional>
#include <unordered_set>
#include <vector>

#include "proto/job.pb.h"
#include "scheduler/reconcile/group_pass.h"
#include "scheduler/reconcile/lent_place.h"
#include "scheduler/reconcile/name_index.h"

namespace yurt::scheduler {

struct CanaryInput {
  const model::UpdateStrategy& strategy;
  const JobRef& job;  // the version to try
  int count;
  std::ptrdiff_t missing;  // how many to place
  const std::vector<AllocRef>& untainted;
  const std::vector<AllocRef>& destructive;  // those that do not serve first
  std::function<bool(const Allocation&)> is_canary;
};

// Places that earlier canaries have left are filled first and leave `places`. Then names are those
// of old instances, then free ones. With canary_placement "replace" an old instance may give way as
// long as count - max_parallel instances go on serving.
[[nodiscard]] std::vector<PlaceRequest> canary_requests(const CanaryInput& input,
                                                        LentPlaces& places, NameIndex& names);

// Of the obsolete canaries that serve in the place of an old instance, those that go on for now:
// so many that `least` instances serve. `allocs`: all of the group.
[[nodiscard]] std::unordered_set<AllocId> spared_canaries(
    const std::vector<AllocRef>& allocs, const std::function<bool(const Allocation&)>& obsolete,
    int least);

}  // namespace yurt::scheduler
