// Lanes: lets waiting children of parameterized jobs run as their parents' lanes have room.
//
// Pure functions of the state; the leader proposes what they find.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "base/random.h"
#include "server/state/changes.h"
#include "server/state/snapshot.h"

namespace yurt::model {
class Command;
}

namespace yurt::server {

// Without max_running, at most so many children are launched and not yet running: what cannot be
// placed waits in the lane, where it costs no evaluation.
inline constexpr std::int64_t unplaced_children_window = 256;

// The parents whose lanes `changes` may have given room or work.
void note_moved_lanes(const Changes& changes, std::set<JobKey>& parents);

// The parents of all children that wait. Costs a step for each parent, not for each child.
[[nodiscard]] std::set<JobKey> parents_with_waiting(const Snapshot& state);

// The sweeps of which trials have not ended.
[[nodiscard]] std::vector<SweepRef> sweeps_with_trials(const Snapshot& state);

// The admission that brings the lane of `parent` up to its limit; nullopt when there is none.
[[nodiscard]] std::optional<model::Command> next_admission(const Snapshot& state,
                                                           const JobKey& parent, Random& random);

// Stops the live trials of a sweep that has been stopped, or has found what it looked for.
[[nodiscard]] std::vector<model::Command> stop_trials(const Snapshot& state, const SweepRow& sweep,
                                                      Random& random);

}  // namespace yurt::server
