// Elections: pre-vote (thesis §9.6), votes (§3.4, §3.6.1), becoming a leader.
#include <algorithm>
#include <tuple>

#include "base/assert.h"
#include "raft/core/node.h"

namespace yurt::raft {

// Only a voter by its own newest configuration starts elections. (It votes in anybody's, though:
// its configuration may be behind, §4.2.2.)
bool Core::Node::promotable() const {
  return configuration().is_voter(options_.self) && !installing_;
}

void Core::Node::tick_election() {
  // The only voter has nobody to wait for: a lone server starts without a pause.
  const bool alone =
      role_ == Role::follower && leader_ == 0 && promotable() && configuration().voter_count() == 1;
  if (alone || now_ns_ - timer_ns_ >= election_after_ns_) {
    restart_election_timer();
    if (promotable()) {
      campaign();
    } else if (role_ != Role::follower) {
      become_follower(term_, 0);
    } else if (leader_ != 0) {
      leader_ = 0;
      abandon_forwarded_reads();
    }
    return;
  }
  if (role_ != Role::follower && now_ns_ >= ask_again_ns_) {
    ask_for_votes(role_ == Role::pre_candidate, campaign_for_transfer_);
  }
}

void Core::Node::campaign() {
  if (leader_ != 0) abandon_forwarded_reads();
  leader_ = 0;
  if (mutations_.skip_pre_vote) return start_election(false);
  role_ = Role::pre_candidate;
  campaign_for_transfer_ = false;
  votes_.clear();
  votes_[options_.self] = true;
  ask_for_votes(true, false);
  count_votes();
}

// Asks those that have not answered. Repeated, since questions get lost, and since a server that
// heard the old leader slightly later than this one does not answer yet.
void Core::Node::ask_for_votes(bool pre, bool transfer) {
  ask_again_ns_ = now_ns_ + options_.heartbeat_ns;
  for (const auto& peer : configuration().peers) {
    if (!peer.voter || peer.id == options_.self || votes_.contains(peer.id)) continue;
    const VoteRequest request{pre, transfer, log_.last_index(), log_.last_term()};
    if (mutations_.vote_before_durable) {
      send_at_once(peer.id, request);
    } else {
      send(peer.id, request);
    }
  }
}

void Core::Node::start_election(bool transfer) {
  if (leader_ != 0) abandon_forwarded_reads();
  leader_ = 0;
  role_ = Role::candidate;
  campaign_for_transfer_ = transfer;
  ++term_;
  vote_ = options_.self;
  verified_ = 0;
  save_hard_state();
  outbox_.drop_held();
  votes_.clear();
  own_vote_after_ = writes_.hard_state_sequence();
  restart_election_timer();
  ask_for_votes(false, transfer);
  if (mutations_.vote_before_durable) {
    votes_[options_.self] = true;
    count_votes();
  }
}

void Core::Node::count_votes() {
  const bool won = configuration().majority([&](PeerId id) {
    const auto vote = votes_.find(id);
    return vote != votes_.end() && vote->second;
  });
  if (!won) return;
  if (role_ == Role::pre_candidate) {
    start_election(false);
  } else {
    become_leader();
  }
}

void Core::Node::become_leader() {
  YURT_ASSERT(role_ == Role::candidate && !installing_);
  role_ = Role::leader;
  leader_ = options_.self;
  votes_.clear();
  progress_.clear();
  for (const auto& peer : configuration().peers) {
    if (peer.id == options_.self) continue;
    PeerProgress& progress = progress_[peer.id];
    progress.next = log_.last_index() + 1;
    progress.last_answer_ns = now_ns_;
    progress.catch_up_since_ns = now_ns_;
    progress.catch_up_target = log_.last_index() + 1;
  }
  forget_uncommitted();
  leader_reads_.restart();
  lease_broken_ = false;
  // Entries of older terms commit only along with one of this term (§3.6.2).
  noop_index_ = append_own(EntryKind::noop, nullptr);
  start_heartbeat_round();
}

void Core::Node::handle(const Message& message, const VoteRequest& request) {
  const bool log_is_current =
      mutations_.vote_without_log_check || std::tie(request.last_term, request.last_index) >=
                                               std::make_tuple(log_.last_term(), log_.last_index());
  if (request.pre) {
    // Nothing is promised: neither the term, nor the vote, nor the timer changes.
    return send(message.from, VoteReply{true, log_is_current, message.term + 1});
  }
  YURT_ASSERT(message.term == term_);
  const bool free = vote_ == message.from || (vote_ == 0 && leader_ == 0) || mutations_.vote_twice;
  const bool granted = free && log_is_current && !leading();
  if (granted) {
    if (role_ != Role::follower && vote_ != message.from) become_follower(term_, 0);
    if (vote_ != message.from) {
      vote_ = message.from;
      save_hard_state();
    }
    restart_election_timer();
  }
  const VoteReply reply{false, granted, term_};
  if (mutations_.vote_before_durable) {
    send_at_once(message.from, reply);
  } else {
    send(message.from, reply);
  }
}

void Core::Node::handle(const Message& message, const VoteReply& reply) {
  const bool wanted = reply.pre ? role_ == Role::pre_candidate && reply.for_term == term_ + 1
                                : role_ == Role::candidate && reply.for_term == term_;
  if (!wanted) return;
  votes_[message.from] = reply.granted;
  count_votes();
}

}  // namespace yurt::raft
