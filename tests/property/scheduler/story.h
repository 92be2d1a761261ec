// Story: a random history of a small cluster: nodes come, fail, disconnect and return, jobs are
// registered, changed and stopped, agents report, time passes, and evaluations run in between.
// Built from plain numbers, so that RapidCheck can shrink it.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "tests/support/cluster/cluster_model.h"

namespace yurt::test {

// (what happens, to whom and how)
using Step = std::pair<std::uint8_t, std::uint32_t>;

// Called after an evaluation of `job` was scheduled and before its plan is applied.
using Watcher = std::function<void(ClusterModel& cluster, const std::string& job,
                                   const scheduler::Outcome& outcome)>;
// Called after the plan was applied.
using AfterWatcher = std::function<void(ClusterModel& cluster, const std::string& job,
                                        const scheduler::Outcome& outcome)>;

void tell(const std::vector<Step>& steps, const Watcher& before, const AfterWatcher& after);

}  // namespace yurt::test
