// Output: what a Core wants done. Values; the shell carries each part out as said here.
//
// The parts need no order among themselves: whatever must wait for the disk is held back inside the
// core and appears in a later Output, after the Persisted event it waits for. In particular every
// message here may be sent at once, also before or while `write` goes to disk.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "raft/core/configuration.h"
#include "raft/core/entry.h"
#include "raft/core/message.h"
#include "raft/core/snapshot.h"

namespace yurt::raft {

// One atomic, synced batch for the disk. Batches are written in the order of their sequence; the
// next may be merged with it, but none may overtake. Within one: truncate, then start, then the
// rest. Completion is told by Persisted.
struct Write {
  std::uint64_t sequence = 0;  // 1, 2, ...
  std::optional<HardState> hard_state;
  Index truncate_from = 0;        // delete all entries from this index on, if any; 0: none
  std::optional<LogStart> start;  // delete every entry up to start->index; record the new start
  std::vector<Entry> entries;     // contiguous; the first follows what is left of the log
  // The whole record of configurations, replacing the stored one (CoreState::configurations).
  std::optional<std::vector<ConfigurationAt>> configurations;

  // False when losing it in a crash does no harm (only entries were dropped at the start).
  [[nodiscard]] bool must_sync() const {
    return hard_state.has_value() || truncate_from != 0 || !entries.empty() ||
           configurations.has_value();
  }
};

enum class Refusal : std::uint8_t {
  none,
  not_leader,          // see Core::leader() for whom to ask
  lost_leadership,     // was the leader when asked, is none now; for a read: ask again
  too_much_waiting,    // CoreOptions::max_uncommitted_bytes
  transferring,        // leadership is being handed over
  not_ready,           // a new leader before its no-op is committed (thesis §4.1, erratum)
  change_in_progress,  // the last membership change is not committed yet
  no_such_peer,        // not a member, or (transfer) not a voter
  already_done,        // the membership is so already; the target already leads
  behind,              // the learner has not caught up
  last_voter,          // nobody could lead afterwards
  timed_out,           // a transfer or a read took too long (event.h)
};

struct Answer {
  std::uint64_t token = 0;
  Refusal refusal = Refusal::none;
  Index index = 0;  // when not refused (0 for a transfer)
  Term term = 0;
};

// A read may run now: the local state machine has applied everything up to `index`, which covers
// every write acknowledged anywhere before the Read event. When refused: it may not.
struct ReadAnswer {
  std::uint64_t token = 0;
  Refusal refusal = Refusal::none;
  Index index = 0;
};

enum class Role : std::uint8_t { follower, pre_candidate, candidate, leader };

struct RoleState {
  Role role = Role::follower;
  Term term = 0;
  PeerId leader = 0;  // 0: none known
  // This server leads and has applied its own no-op, hence everything earlier leaders committed.
  bool ready = false;

  bool operator==(const RoleState&) const = default;
};

// Send a snapshot of the state machine (the newest there is, or a new one; its index must be at
// least the log's start) to `peer`, with Core::describe_snapshot(index) and `term`; keep the log
// from its index on (hold back Compact) until done; then report SnapshotSent.
struct SendSnapshot {
  PeerId peer = 0;
  Term term = 0;  // of this leadership; for Message::term of the InstallSnapshot at the other end
};

struct Output {
  std::optional<Write> write;
  std::vector<Message> messages;
  // Newly committed entries, contiguous, in order, locally durable. Only EntryKind::command goes to
  // the state machine. Report with Applied; at most CoreOptions::max_apply_bytes are under way.
  std::vector<Entry> committed;
  std::vector<Answer> answers;
  std::vector<ReadAnswer> reads;
  std::optional<RoleState> role;               // set when it changed
  std::optional<Configuration> configuration;  // set when the one in force changed
  std::vector<SendSnapshot> snapshots;
  // Restore the state machine from this snapshot (announced by InstallSnapshot), after everything
  // handed out in `committed` so far; then report SnapshotRestored. Nothing more is committed
  // meanwhile.
  std::optional<SnapshotMeta> install;
  // Learners that have caught up (told once each): `promote` will be accepted now.
  std::vector<PeerId> caught_up;

  [[nodiscard]] bool empty() const {
    return !write && messages.empty() && committed.empty() && answers.empty() && reads.empty() &&
           !role && !configuration && snapshots.empty() && !install && caught_up.empty();
  }
};

}  // namespace yurt::raft
