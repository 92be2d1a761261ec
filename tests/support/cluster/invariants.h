// What must hold of every plan and every state, whatever led to it; each its own function, "" when
// it holds and otherwise what is wrong. Reusable wherever a cluster's state can be looked at.
#pragma once

#include <string>

#include "scheduler/scheduler.h"

namespace yurt::test {

// No node is given more than it has in any dimension: CPU, memory, disk, allocations, cores, ports,
// devices; no device's memory or shares are given out beyond what it has, to more tasks than each
// of them allows, or whole and in slices at once. `allocs`: all that are known; what servers have
// stopped does not count.
[[nodiscard]] std::string overcommit_error(const std::vector<scheduler::NodeRef>& nodes,
                                           const std::vector<AllocRef>& allocs);

// Every placement of the plan is on a node that may have it: ready, eligible, in datacenter and
// pool, with the driver, satisfying every constraint. `after`: the job's allocations once the plan
// is applied (for the distinct constraints).
[[nodiscard]] std::string constraint_error(const scheduler::Plan& plan,
                                           const scheduler::StateView& state,
                                           const std::vector<AllocRef>& after);

// No allocation is stopped that is fine: running in the newest version, wanted by the job's count,
// on a node that is fine, that nobody asked to leave.
[[nodiscard]] std::string needless_stop_error(const scheduler::Plan& plan,
                                              const scheduler::StateView& state);

// Nobody is preempted whose priority is within ten of the job's.
[[nodiscard]] std::string preemption_error(const scheduler::Plan& plan);

// Everything in the plan that matters, as text: equal plans have equal texts.
[[nodiscard]] std::string describe(const scheduler::Plan& plan);

}  // namespace yurt::test
