// Invariants: what must hold at every step, each its own function.
//
// Each looks at one server right after it acted (and at the history, which most of them extend),
// and returns a sentence when the invariant is broken. Names are the Raft paper's (Figure 3) where
// it has one. Pure but for the History.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "raft/core/output.h"
#include "raft/sim/history.h"
#include "raft/sim/sim_disk.h"

namespace yurt::raft::sim {

using Violation = std::optional<std::string>;

// One server as the invariants see it.
struct ServerView {
  PeerId id = 0;
  RoleState role;
  HardState hard_state;  // in memory
  const SimDisk* disk = nullptr;
  Index commit_before = 0;  // when it was last looked at, in this run of the server
  Index commit = 0;
  Index applied = 0;
  Index ever_applied = 0;  // also before crashes
  const Configuration* configuration = nullptr;
};
// Finds another server's disk; null when there is none.
using DiskOf = std::function<const SimDisk*(PeerId)>;

// At most one leader in a term.
[[nodiscard]] Violation election_safety(const ServerView& server, History& history);
// Entries of two logs with the same index and term are equal, and so is everything before them.
[[nodiscard]] Violation log_matching(const ServerView& server, const Write& write,
                                     History& history);
// A leader's log holds every entry committed in earlier terms.
[[nodiscard]] Violation leader_completeness(const ServerView& server, const History& history);
// No two servers ever know different entries to be committed at an index.
[[nodiscard]] Violation state_machine_safety(const ServerView& server, History& history);
// Entries given to a state machine are the committed ones, and on the local disk.
[[nodiscard]] Violation applied_is_committed_and_durable(const ServerView& server,
                                                         const Output& output,
                                                         const History& history);
// A server never cuts off what it knows to be committed, and a crash does not either.
[[nodiscard]] Violation committed_never_truncated(const ServerView& server, const Write& write);
[[nodiscard]] Violation committed_survives_restart(const ServerView& server);
// What a leader counts as committed is synced on a majority of its voters.
[[nodiscard]] Violation commitment_is_durable(const ServerView& server, const DiskOf& disk_of);
// No message tells of a term, a vote or entries that its sender could lose in a crash, and an
// acknowledgement is true: the entry acknowledged is the leader's.
[[nodiscard]] Violation answers_are_durable_and_true(const ServerView& server,
                                                     const Message& message, const History& history,
                                                     const DiskOf& disk_of);
// A server votes once in a term, crashes or not.
[[nodiscard]] Violation one_vote_in_a_term(const ServerView& server, const Message& message,
                                           History& history);
// A leader changes the membership only after an entry of its own term and the last change are
// committed, and by one voter at a time.
[[nodiscard]] Violation one_change_at_a_time(const ServerView& server, const Write& write,
                                             const Configuration& before, Index before_index);
// A read sees every write acknowledged before it was asked for.
[[nodiscard]] Violation read_safety(const ServerView& server, const ReadAnswer& answer,
                                    Index acknowledged_before);

}  // namespace yurt::raft::sim
