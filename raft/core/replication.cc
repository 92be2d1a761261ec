// What a leader sends, what it learns from the answers, and when entries are committed (thesis
// §3.5, §3.6.2, §6.2, §10.2.1).
#include <algorithm>

#include "base/assert.h"
#include "raft/core/node.h"

namespace yurt::raft {

void Core::Node::tick_leader() {
  // §6.2: a leader that cannot reach a majority steps down, so that its callers look elsewhere.
  const bool followed = configuration().majority([&](PeerId id) {
    if (id == options_.self) return true;
    return now_ns_ - progress_.at(id).last_answer_ns < options_.election_timeout_ns;
  });
  if (!followed && !mutations_.keep_leading_alone) return become_follower(term_, 0);
  tick_transfer();
  if (now_ns_ >= next_heartbeat_ns_) start_heartbeat_round();
}

void Core::Node::start_heartbeat_round() {
  next_heartbeat_ns_ = now_ns_ + options_.heartbeat_ns;
  const std::uint64_t round = leader_reads_.start_round(now_ns_);
  for (auto& [id, peer] : progress_) {
    if (peer.mark_round == 0) {
      peer.mark_round = round;
      peer.mark_index = peer.sent_last();
    }
    send(id, Heartbeat{round, commit_});
    peer.commit_sent = std::max(peer.commit_sent, std::min(commit_, peer.next - 1));
  }
}

void Core::Node::advance_commit() {
  const Index own =
      mutations_.count_self_before_durable ? log_.last_index() : writes_.durable_index();
  Index reached = configuration().majority_value(
      [&](PeerId id) { return id == options_.self ? own : progress_.at(id).match; });
  if (mutations_.count_learners) {
    for (const auto& [id, peer] : progress_) reached = std::max(reached, peer.match);
  }
  if (reached <= commit_) return;
  // §3.6.2: only entries of the own term commit by counting copies; older ones along with them.
  if (log_.term_at(reached) != term_ && !mutations_.commit_old_terms) return;
  while (!uncommitted_sizes_.empty() &&
         log_.last_index() + 1 - uncommitted_sizes_.size() <= reached) {
    uncommitted_bytes_ -= uncommitted_sizes_.front();
    uncommitted_sizes_.pop_front();
  }
  commit_ = reached;
  if (configurations_.current_index() <= commit_ && !configuration().is_voter(options_.self)) {
    // §4.2.2: a leader that is no member any more leads until that is committed.
    replicate();
    become_follower(term_, 0);
  }
}

void Core::Node::replicate() {
  for (auto& [id, peer] : progress_) replicate_to(id, peer);
}

void Core::Node::replicate_to(PeerId id, PeerProgress& peer) {
  if (peer.mode == PeerMode::snapshot) return;
  if (peer.mode == PeerMode::probe) {
    if (!peer.waiting) send_append(id, peer);
    return;
  }
  while (peer.next <= log_.last_index() && peer.window_open(options_)) {
    if (!send_append(id, peer)) break;
  }
  const Index usable = std::min(commit_, peer.next - 1);
  if (peer.mode == PeerMode::replicate && usable > peer.commit_sent) {
    send(id, Heartbeat{0, commit_});
    peer.commit_sent = usable;
  }
}

// Sends one message of entries from peer.next on (or none, as a probe). False when it could not.
bool Core::Node::send_append(PeerId id, PeerProgress& peer) {
  AppendRequest request;
  request.prev_index = peer.next - 1;
  if (request.prev_index < log_.start().index) {
    peer.become_snapshot();
    out_.snapshots.push_back({id, term_});
    return false;
  }
  request.prev_term = log_.term_at(request.prev_index);
  request.commit = commit_;
  std::size_t bytes = 0;
  if (peer.next <= log_.last_index()) {
    const bool from_disk = !log_.in_memory(peer.next);
    if (from_disk && disk_read_budget_ == 0) return false;
    request.entries = log_.read(peer.next, log_.last_index(), options_.max_append_bytes);
    for (const auto& entry : request.entries) bytes += size_bytes(entry);
    if (from_disk) disk_read_budget_ -= std::min(disk_read_budget_, bytes);
  }
  const Index last = request.prev_index + request.entries.size();
  peer.sent(last, bytes);
  peer.commit_sent = std::max(peer.commit_sent, std::min(commit_, last));
  send(id, std::move(request));
  return true;
}

// The peer has acknowledged more than before: follows a learner's catch-up (§4.2.1).
void Core::Node::progressed(PeerId id, PeerProgress& peer) {
  if (peer.caught_up || peer.match < peer.catch_up_target) return;
  if (now_ns_ - peer.catch_up_since_ns < options_.election_timeout_ns) {
    peer.caught_up = true;
    if (!configuration().is_voter(id)) out_.caught_up.push_back(id);
    return;
  }
  peer.catch_up_since_ns = now_ns_;
  peer.catch_up_target = log_.last_index();
  progressed(id, peer);
}

void Core::Node::handle(const Message& message, const AppendReply& reply) {
  if (!leading()) return;
  const auto found = progress_.find(message.from);
  if (found == progress_.end()) return;  // not a member any more
  PeerProgress& peer = found->second;
  peer.last_answer_ns = now_ns_;
  if (reply.accepted) {
    YURT_ASSERT(reply.match <= log_.last_index());
    if (peer.acknowledge(reply.match)) progressed(message.from, peer);
    if (peer.mode == PeerMode::probe && reply.match == peer.match) {
      peer.become_replicate();
    } else if (peer.mode == PeerMode::snapshot && peer.match >= log_.start().index) {
      peer.become_replicate();
    }
    return;
  }
  if (peer.mode == PeerMode::replicate && reply.refused > peer.match) {
    peer.become_probe(peer.match + 1, false);
  } else if (peer.mode == PeerMode::probe && peer.waiting && reply.refused == peer.next - 1) {
    // Both sides skip whole terms: the follower to its last entry not above the refused term, the
    // leader to its own last entry not above the hint's term.
    const Index hint = log_.last_not_above(reply.hint_index, reply.hint_term);
    const Index next = std::max(peer.match + 1, std::min(reply.refused, hint + 1));
    peer.become_probe(next, false);
  }
}

void Core::Node::handle(const Message& message, const HeartbeatReply& reply) {
  if (!leading()) return;
  const auto found = progress_.find(message.from);
  if (found == progress_.end()) return;
  PeerProgress& peer = found->second;
  YURT_ASSERT(reply.match <= reply.verified && reply.verified <= log_.last_index());
  YURT_ASSERT(reply.round <= leader_reads_.round());
  peer.last_answer_ns = now_ns_;
  peer.acked_round = std::max(peer.acked_round, reply.round);
  const bool tells = peer.mark_round != 0 && reply.round >= peer.mark_round;
  const bool lost = tells && reply.verified < peer.mark_index;
  if (tells) peer.mark_round = 0;
  if (peer.acknowledge(reply.match)) progressed(message.from, peer);
  switch (peer.mode) {
    case PeerMode::probe:
      if (peer.waiting && peer.match >= peer.probe_last) {
        peer.become_replicate();
      } else if (peer.waiting && lost) {
        peer.become_probe(peer.next, false);
      }
      break;
    case PeerMode::replicate:
      if (lost) peer.become_probe(peer.match + 1, false);
      break;
    case PeerMode::snapshot:
      if (peer.match >= log_.start().index) peer.become_replicate();
      break;
  }
}

void Core::Node::on(PeerUnreachable event) {
  const auto found = progress_.find(event.peer);
  if (found == progress_.end() || found->second.mode == PeerMode::snapshot) return;
  PeerProgress& peer = found->second;
  peer.become_probe(peer.mode == PeerMode::replicate ? peer.match + 1 : peer.next, true);
}

void Core::Node::on(SnapshotSent event) {
  const auto found = progress_.find(event.peer);
  if (found == progress_.end() || found->second.mode != PeerMode::snapshot) return;
  PeerProgress& peer = found->second;
  // After a failure the next attempt waits for a sign of life, not to be repeated in a tight loop.
  const Index next = event.installed ? std::max(peer.match, event.index) + 1 : peer.match + 1;
  peer.become_probe(std::min(next, log_.last_index() + 1), !event.installed);
}

}  // namespace yurt::raft
