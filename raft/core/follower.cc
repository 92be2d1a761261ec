// What a follower or learner does with a leader's appends, heartbeats and snapshots (thesis §3.5,
// chapter 5).
#include <algorithm>

#include "base/assert.h"
#include "raft/core/node.h"

namespace yurt::raft {

// A message of the current term that only its leader sends.
void Core::Node::heard_leader(PeerId leader) {
  YURT_ASSERT(!leading());                         // election safety
  YURT_ASSERT(leader_ == 0 || leader_ == leader);  // likewise
  if (role_ != Role::follower || leader_ != leader) become_follower(term_, leader);
  has_contact_ = true;
  contact_ns_ = now_ns_;
  restart_election_timer();
}

// How far this log is known to equal the current leader's: what this term's appends compared, and
// everything committed (leader completeness).
Index Core::Node::verified() const { return std::max(verified_, commit_); }

void Core::Node::handle(const Message& message, const Heartbeat& heartbeat) {
  heard_leader(message.from);
  commit_up_to(std::min(heartbeat.commit, verified()));
  if (heartbeat.round == 0) return;
  const Index match = std::min(verified(), writes_.durable_index());
  send(message.from, HeartbeatReply{heartbeat.round, verified(), match});
}

void Core::Node::handle(const Message& message, const AppendRequest& request) {
  heard_leader(message.from);
  if (installing_) return;  // the log is about to be replaced; heartbeats are still answered
  const Index last_new = request.prev_index + request.entries.size();
  if (last_new <= commit_) {
    // Older than what is committed, so certainly the same here.
    return acknowledge(message.from, commit_);
  }
  if (request.prev_index > commit_ && !log_.matches(request.prev_index, request.prev_term)) {
    AppendReply reply;
    reply.refused = request.prev_index;
    reply.hint_index = log_.last_not_above(request.prev_index, request.prev_term);
    reply.hint_term = log_.term_at(reply.hint_index);
    return send(message.from, reply);
  }
  append_from_leader(request.entries);
  // Only what this message compared or brought, and not the whole log: entries behind it may be a
  // former leader's (the fault of the library that was tried first).
  verified_ = std::max(verified_, last_new);
  commit_up_to(
      std::min(request.commit, mutations_.commit_unverified ? log_.last_index() : last_new));
  acknowledge(message.from, mutations_.ack_stale_tail ? log_.last_index() : last_new);
}

void Core::Node::append_from_leader(const std::vector<Entry>& entries) {
  for (const auto& entry : entries) {
    if (entry.index <= commit_ || log_.matches(entry.index, entry.term)) continue;
    // The first conflict takes everything behind it away; a late message that brings nothing new
    // takes nothing away.
    if (entry.index <= log_.last_index()) truncate_from(entry.index);
    append_entry(entry);
  }
  if (mutations_.truncate_always && !entries.empty() && entries.back().index < log_.last_index()) {
    truncate_from(entries.back().index + 1);
  }
}

void Core::Node::truncate_from(Index index) {
  YURT_ASSERT(index > commit_);  // committed entries are never truncated
  YURT_ASSERT(index > verified_ || mutations_.truncate_always);  // a leader's log only grows
  log_.truncate_from(index);
  writes_.truncate_from(index);
  if (!mutations_.keep_truncated_configuration && configurations_.truncate_from(index)) {
    configuration_changed();
  }
}

void Core::Node::acknowledge(PeerId leader, Index match) {
  const AppendReply reply{.accepted = true, .match = match};
  if (mutations_.ack_before_durable) return send_at_once(leader, reply);
  send(leader, reply, match > writes_.durable_index() ? writes_.log_sequence() : 0);
}

void Core::Node::commit_up_to(Index index) {
  if (installing_ || index <= commit_) return;
  YURT_ASSERT(index <= log_.last_index());
  commit_ = index;
}

void Core::Node::handle(const Message& message, const InstallSnapshot& install) {
  heard_leader(message.from);
  if (installing_) return;
  const SnapshotMeta& snapshot = install.snapshot;
  if (snapshot.index <= commit_ && !mutations_.accept_old_snapshot) {
    return acknowledge(message.from, commit_);
  }
  if (log_.matches(snapshot.index, snapshot.term)) {
    // The log has it all; what a snapshot covers is committed.
    verified_ = std::max(verified_, snapshot.index);
    commit_up_to(snapshot.index);
    return acknowledge(message.from, snapshot.index);
  }
  if (role_ != Role::follower) become_follower(term_, message.from);
  installing_ = snapshot;
  out_.install = snapshot;
}

void Core::Node::on(SnapshotRestored restored) {
  YURT_ASSERT(installing_ == restored.snapshot);
  installing_.reset();
  if (!restored.installed) return;
  const SnapshotMeta& snapshot = restored.snapshot;
  YURT_ASSERT(snapshot.index > commit_ && !log_.matches(snapshot.index, snapshot.term));
  const Index first_dropped = log_.start().index + 1;
  log_.reset({snapshot.index, snapshot.term});
  writes_.reset_to(log_.start(), first_dropped);
  configurations_.reset(snapshot.index, snapshot.configuration);
  configuration_changed();
  commit_ = handed_ = applied_ = snapshot.index;
  applying_.clear();
  applying_bytes_ = 0;
  restart_election_timer();
  if (leader_ != 0) acknowledge(leader_, snapshot.index);
}

}  // namespace yurt::raft
