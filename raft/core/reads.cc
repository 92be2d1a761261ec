// Linearizable reads: ReadIndex, and the leader's lease (thesis §6.4, §6.4.1).
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "raft/core/node.h"

namespace yurt::raft {
namespace {

// How many election timeouts a confirmed read waits for the state machine.
constexpr std::int64_t apply_patience = 4;

}  // namespace

void Core::Node::on(Read event) {
  if (leading()) {
    leader_reads_.add(options_.self, event.token);
  } else if (leader_ == 0) {
    out_.reads.push_back({event.token, Refusal::not_leader, 0});
  } else {
    const std::uint64_t id = next_read_id_++;
    forwarded_[id] = {event.token, now_ns_ + options_.election_timeout_ns};
    send(leader_, ReadRequest{id});
  }
}

void Core::Node::handle(const Message& message, const ReadRequest& request) {
  if (leading()) {
    leader_reads_.add(message.from, request.id);
  } else {
    send(message.from, ReadReply{request.id, 0});
  }
}

void Core::Node::handle(const Message&, const ReadReply& reply) {
  const auto found = forwarded_.find(reply.id);
  if (found == forwarded_.end()) return;
  const std::uint64_t token = found->second.token;
  forwarded_.erase(found);
  if (reply.index == 0) {
    out_.reads.push_back({token, Refusal::lost_leadership, 0});
  } else {
    await_applied(token, reply.index);
  }
}

std::uint64_t Core::Node::confirmed_round() const {
  return configuration().majority_value([&](PeerId id) {
    return id == options_.self ? leader_reads_.round() : progress_.at(id).acked_round;
  });
}

// §6.4.1: whoever answered the round that began at `since` votes for nobody else within an election
// timeout of answering (Node::ignored_for_leader), by its own clock.
bool Core::Node::lease_valid() {
  std::int64_t since = leader_reads_.confirmed_since_ns(confirmed_round());
  if (!options_.lease_reads || lease_broken_) return false;
  if (mutations_.lease_from_answer) {
    since = static_cast<std::int64_t>(configuration().majority_value([&](PeerId id) {
      return static_cast<std::uint64_t>(id == options_.self ? now_ns_
                                                            : progress_.at(id).last_answer_ns);
    }));
  }
  if (since == INT64_MIN) return false;
  const std::int64_t drift =
      mutations_.lease_without_drift ? 0 : options_.max_clock_drift_per_mille;
  return now_ns_ - since < options_.election_timeout_ns / (1000 + drift) * 1000;
}

void Core::Node::advance_reads() {
  const bool leased = lease_valid();
  // §6.4 step 1: before an entry of its own term is committed, a leader's commit index may be
  // behind what its predecessor acknowledged.
  const bool current = commit_ >= noop_index_ || mutations_.read_before_noop;
  if (leader_reads_.has_fresh() && current) {
    const bool at_once = leased || mutations_.read_without_round;
    if (!at_once) start_heartbeat_round();
    leader_reads_.take_up(commit_, at_once ? 0 : leader_reads_.round());
  }
  for (const auto& read : leader_reads_.confirmed(confirmed_round())) confirm(read);
}

void Core::Node::confirm(const LeaderRead& read) {
  if (read.origin == options_.self) {
    await_applied(read.id, read.index);
  } else {
    send(read.origin, ReadReply{read.id, read.index});
  }
}

void Core::Node::await_applied(std::uint64_t token, Index index) {
  confirmed_reads_.push_back(
      {{token, Refusal::none, index}, now_ns_ + apply_patience * options_.election_timeout_ns});
}

void Core::Node::release_reads() {
  auto kept = confirmed_reads_.begin();
  for (auto& read : confirmed_reads_) {
    if (read.answer.index <= applied_) {
      out_.reads.push_back(read.answer);
    } else if (read.deadline_ns <= now_ns_) {
      // This server is far behind, or was removed and will never catch up.
      out_.reads.push_back({read.answer.token, Refusal::timed_out, 0});
    } else {
      *kept++ = read;
    }
  }
  confirmed_reads_.erase(kept, confirmed_reads_.end());
}

void Core::Node::abandon_leader_reads() {
  for (const auto& read : leader_reads_.abandon()) {
    if (read.origin == options_.self) {
      out_.reads.push_back({read.id, Refusal::lost_leadership, 0});
    } else {
      send(read.origin, ReadReply{read.id, 0});
    }
  }
}

void Core::Node::abandon_forwarded_reads() {
  for (const auto& [id, read] : forwarded_) {
    out_.reads.push_back({read.token, Refusal::lost_leadership, 0});
  }
  forwarded_.clear();
}

void Core::Node::tick_reads() {
  while (!forwarded_.empty() && forwarded_.begin()->second.deadline_ns <= now_ns_) {
    out_.reads.push_back({forwarded_.begin()->second.token, Refusal::timed_out, 0});
    forwarded_.erase(forwarded_.begin());
  }
}

}  // namespace yurt::raft
