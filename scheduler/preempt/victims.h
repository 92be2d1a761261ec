// Victims: which allocations of one node would have to go for a group to fit there.
//
// Only allocations of jobs whose priority is at least 10 below; lower priorities first, then those
// whose size is nearest to what is missing, with a penalty for groups that would lose more at once
// than their migrate.max_parallel; then whoever turned out not to be needed is spared. Pure.
// Source: the behaviour documented for Nomad's preemption.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/place/group_ask.h"
#include "scheduler/place/proposal.h"

namespace yurt::scheduler {

inline constexpr int preemption_priority_gap = 10;

// How many allocations of each group the plan preempts already, by "<namespace>/<job>/<group>".
using PreemptedCounts = std::map<std::string, int>;

[[nodiscard]] std::string preemption_key(const Allocation& alloc);

// `on_node`: all allocations of the node. nullopt: not even evicting all of them would do.
// The result is never empty. Exact fit (ports, cores, devices) is tried as the plan would.
// REQUIRES: view.node(slot); the group does not fit as things are
[[nodiscard]] std::optional<std::vector<AllocRef>> choose_victims(
    Proposal& proposal, Slot slot, const std::vector<AllocRef>& on_node, const GroupAsk& ask,
    const JobKey& job, int job_priority, const PreemptedCounts& preempted);

}  // namespace yurt::scheduler
