// Leadership transfer (thesis §3.10).
#include <algorithm>

#include "raft/core/node.h"

namespace yurt::raft {

PeerId Core::Node::best_successor() const {
  PeerId best = 0;
  for (const auto& [id, peer] : progress_) {
    if (!configuration().is_voter(id)) continue;
    if (best == 0 || peer.match > progress_.at(best).match) best = id;
  }
  return best;
}

void Core::Node::on(TransferLeadership event) {
  if (!leading()) return refuse(event.token, Refusal::not_leader);
  if (transfer_) return refuse(event.token, Refusal::transferring);
  const PeerId target = event.target != 0 ? event.target : best_successor();
  if (target == options_.self) return refuse(event.token, Refusal::already_done);
  if (!configuration().is_voter(target)) return refuse(event.token, Refusal::no_such_peer);
  transfer_ = {event.token, target, now_ns_ + options_.election_timeout_ns, false};
}

// Proposals are refused meanwhile, so the target's log comes level; then it may start.
void Core::Node::advance_transfer() {
  if (!transfer_ || transfer_->told) return;
  if (progress_.at(transfer_->target).match != log_.last_index()) return;
  transfer_->told = true;
  // The election this starts asks voters to disregard the leader, and the message may arrive late,
  // even after the transfer was given up: no lease in this term any more (§6.4.1).
  if (!mutations_.lease_through_transfer) lease_broken_ = true;
  send(transfer_->target, TimeoutNow{});
}

void Core::Node::tick_transfer() {
  if (!transfer_) return;
  if (now_ns_ >= transfer_->deadline_ns) return end_transfer(Refusal::timed_out);
  if (now_ns_ >= next_heartbeat_ns_) transfer_->told = false;  // it may have been lost
}

void Core::Node::end_transfer(Refusal refusal) {
  if (!transfer_) return;
  out_.answers.push_back({transfer_->token, refusal, 0, 0});
  transfer_.reset();
}

void Core::Node::handle(const Message&, const TimeoutNow&) {
  if (role_ != Role::follower || !promotable()) return;
  start_election(true);
}

}  // namespace yurt::raft
