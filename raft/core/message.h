// Message: what one server's core tells another's.
//
// Values. `term` is always the sender's current term at the time of writing (also in pre-votes).
// Delivery may lose, repeat, delay and reorder messages; a shell that keeps a peer's messages in
// order saves resends. A message with entries is at most CoreOptions::max_append_bytes of
// size_bytes(), unless it holds a single entry.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "raft/core/entry.h"
#include "raft/core/snapshot.h"

namespace yurt::raft {

// RequestVote (thesis §3.4), and pre-vote (§9.6), which asks "would you vote for me in term + 1?"
// and changes nothing.
struct VoteRequest {
  bool pre = false;
  bool transfer = false;  // the leader asked the sender to take over: contact with it is no reason
                          // to refuse (§4.2.3)
  Index last_index = 0;   // the sender's newest entry
  Term last_term = 0;

  bool operator==(const VoteRequest&) const = default;
};

struct VoteReply {
  bool pre = false;
  bool granted = false;
  // The term the answer is for: a pre-vote's is the sender's term at most plus one; never adopted.
  Term for_term = 0;

  bool operator==(const VoteReply&) const = default;
};

// AppendEntries (§3.5).
struct AppendRequest {
  Index prev_index = 0;
  Term prev_term = 0;
  Index commit = 0;            // the leader's commit index
  std::vector<Entry> entries;  // prev_index + 1, ...; may be empty (a probe)
};

struct AppendReply {
  bool accepted = false;
  // Accepted: the sender's log equals the leader's up to here, and that much is durable.
  Index match = 0;
  // Refused: the prev_index that did not fit, and where to look next: the sender's newest entry at
  // or before it whose term is not above prev_term (fast backtracking, §3.5).
  Index refused = 0;
  Index hint_index = 0;
  Term hint_term = 0;

  bool operator==(const AppendReply&) const = default;
};

// A leader's sign of life, apart from appends so that a slow disk never delays the answer.
struct Heartbeat {
  std::uint64_t round = 0;  // to be echoed; 0: a mere notice of `commit`, no answer wanted
  Index commit = 0;

  bool operator==(const Heartbeat&) const = default;
};

struct HeartbeatReply {
  std::uint64_t round = 0;
  // How far the sender's log (durable or not) is known to equal this leader's: shows the leader
  // which appends were lost.
  Index verified = 0;
  // How far it also is durable: counts as AppendReply::match, so a lost answer is made good.
  Index match = 0;

  bool operator==(const HeartbeatReply&) const = default;
};

// Leadership transfer (§3.10): start an election at once.
struct TimeoutNow {
  bool operator==(const TimeoutNow&) const = default;
};

// Says that the snapshot it describes has arrived here in full (its files travel outside the
// message path; the receiving shell hands this in at their end). When the Output after this
// Received has no `install` for it, the snapshot is not wanted and its files can go.
struct InstallSnapshot {
  SnapshotMeta snapshot;

  bool operator==(const InstallSnapshot&) const = default;
};

// A follower asks the leader for a read index (§6.4).
struct ReadRequest {
  std::uint64_t id = 0;

  bool operator==(const ReadRequest&) const = default;
};

struct ReadReply {
  std::uint64_t id = 0;
  Index index = 0;  // 0: refused (not the leader, or leadership was lost)

  bool operator==(const ReadReply&) const = default;
};

using MessageBody =
    std::variant<VoteRequest, VoteReply, AppendRequest, AppendReply, Heartbeat, HeartbeatReply,
                 TimeoutNow, InstallSnapshot, ReadRequest, ReadReply>;

struct Message {
  PeerId from = 0;
  PeerId to = 0;
  Term term = 0;
  MessageBody body;
};

}  // namespace yurt::raft
