// Event: everything that can happen to a Core. Values; a token is chosen by the caller, given back
// in the answer, and means nothing to the core.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "raft/core/entry.h"
#include "raft/core/message.h"
#include "raft/core/snapshot.h"

namespace yurt::raft {

// Time has passed (see Core::step's now_ns). Give one at least five times per heartbeat interval;
// when several events wait, give messages first, so that a thread that was held up does not start
// an election although the leader's heartbeat lies in its mailbox.
struct Tick {
  std::uint64_t random = 0;  // uniformly distributed bits; draws the election timeout
};

// A message arrived. Those from or for somebody else (a wrong `to`) are the shell's to drop.
struct Received {
  Message message;
};

// Every write up to and including this Write::sequence is durable. Once for each write or for
// several at a time; never going back.
struct Persisted {
  std::uint64_t sequence = 0;
};

// Everything handed out in Output::committed up to and including `index` has been applied.
struct Applied {
  Index index = 0;
};

// Found the cluster with these members. Every founder must be given the same configuration, with
// itself in it. Becomes entry 1 of term 1. Ignored by a server that holds anything at all.
struct Bootstrap {
  Configuration configuration;
};

struct Proposal {
  std::uint64_t token = 0;
  Payload payload;
};

// Commands, appended in this order. Each is answered in Output::answers: the index and term it was
// given (not yet committed!), or why not. It is committed when Output::committed shows an entry
// with that index and that term, and lost when it shows another term there.
struct Propose {
  std::vector<Proposal> proposals;
};

enum class MembershipChange : std::uint8_t {
  add_learner,  // `peer` joins without a vote, or its address changes
  promote,      // the learner peer.id gets a vote; refused until it has caught up
  remove,       // peer.id leaves; may be the leader itself, which steps down once committed
};

// One change at a time (thesis §4.1). Answered in Output::answers as a proposal is.
struct ChangeMembership {
  std::uint64_t token = 0;
  MembershipChange change = MembershipChange::add_learner;
  Peer peer;  // `voter` is ignored; for promote and remove only `id` counts
};

// Linearizable read (§6.4): answered in Output::reads, on any server, within a few election
// timeouts.
struct Read {
  std::uint64_t token = 0;
};

// Hand leadership to `target` (0: the voter with the longest log). Answered in Output::answers at
// its end: accepted when another leader's term was seen, or refused.
struct TransferLeadership {
  std::uint64_t token = 0;
  PeerId target = 0;
};

// The connection to `peer` broke, or a message to it was thrown away: what was sent may be lost.
struct PeerUnreachable {
  PeerId peer = 0;
};

// The end of a transfer that Output::snapshots asked for. `installed`: the receiver has restored
// it; false: it could not be taken, sent or restored, and may be asked for again.
struct SnapshotSent {
  PeerId peer = 0;
  Index index = 0;  // of the snapshot that was sent; 0 when none was
  bool installed = false;
};

// The end of what Output::install asked for. `installed`: the state machine's durable state now is
// exactly that snapshot; false: it is what it was before.
struct SnapshotRestored {
  SnapshotMeta snapshot;
  bool installed = false;
};

// The state machine's durable state covers everything up to and including `index`, and nobody
// (such as the receiver of a snapshot) needs the entries up to there any more: drop them.
// Ignored when they are gone already. REQUIRES: applied
struct Compact {
  Index index = 0;
};

using Event =
    std::variant<Tick, Received, Persisted, Applied, Bootstrap, Propose, ChangeMembership, Read,
                 TransferLeadership, PeerUnreachable, SnapshotSent, SnapshotRestored, Compact>;

}  // namespace yurt::raft
