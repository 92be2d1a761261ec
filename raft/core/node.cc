#include "raft/core/node.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace yurt::raft {

Core::Node::Node(const CoreOptions& options, const CoreState& state, LogReader& reader,
                 std::int64_t now_ns, const Mutations& mutations)
    : options_(options),
      mutations_(mutations),
      term_(state.hard_state.term),
      vote_(state.hard_state.vote),
      log_(state.start, state.last_index, reader, options.log_cache_bytes),
      configurations_(state.configurations),
      writes_(state.last_index, mutations.trust_stale_persisted),
      commit_(state.applied),
      handed_(state.applied),
      applied_(state.applied),
      now_ns_(now_ns),
      timer_ns_(now_ns),
      next_read_id_(state.nonce) {
  YURT_ASSERT(options_.self != 0);
  YURT_ASSERT(options_.heartbeat_ns > 0 && options_.election_timeout_ns > options_.heartbeat_ns);
  YURT_ASSERT(options_.max_append_bytes > 0 && options_.max_inflight_appends > 0);
  YURT_ASSERT(options_.max_inflight_bytes > 0 && options_.max_apply_bytes > 0);
  YURT_ASSERT(state.applied >= state.start.index && state.applied <= state.last_index);
  YURT_ASSERT(term_ >= log_.last_term());
  YURT_ASSERT(configurations_.current_index() <= state.last_index);
  // Before a crash this server may have answered a leader that now counts on its silence: it keeps
  // out of elections as if it had answered just now (§6.4.1's lease).
  has_contact_ = term_ > 0 && !mutations_.vote_soon_after_restart;
  contact_ns_ = now_ns;
  role_state_.term = term_;
}

void Core::Node::step(std::int64_t now_ns, Event event) {
  YURT_ASSERT(now_ns >= now_ns_);
  now_ns_ = now_ns;
  std::visit([this](auto&& alternative) { on(std::move(alternative)); }, std::move(event));
}

Output Core::Node::take_output() {
  disk_read_budget_ = 4 * options_.max_append_bytes;
  if (leading()) advance_commit();
  if (leading()) {
    advance_reads();
    advance_transfer();
    replicate();
  }
  hand_out_committed();
  log_.evict(writes_.durable_index());
  release_reads();
  refresh_role();
  out_.write = writes_.take();
  outbox_.release(writes_.persisted_sequence());
  out_.messages = outbox_.take();
  return std::exchange(out_, {});
}

void Core::Node::on(Tick tick) {
  if (election_after_ns_ == 0) {
    const auto least = static_cast<std::uint64_t>(options_.election_timeout_ns);
    election_after_ns_ = static_cast<std::int64_t>(least + tick.random % least);
  }
  if (leading()) {
    tick_leader();
  } else {
    tick_reads();
    tick_election();
  }
}

void Core::Node::on(Received received) {
  const Message& message = received.message;
  YURT_ASSERT(message.to == options_.self);
  if (message.from == 0 || message.from == options_.self) return;
  if (ignored_for_leader(message)) return;
  // Reads may be asked and answered across terms: an answer names the one question it belongs to.
  if (const auto* request = std::get_if<ReadRequest>(&message.body)) {
    return handle(message, *request);
  }
  if (const auto* reply = std::get_if<ReadReply>(&message.body)) return handle(message, *reply);

  const auto* vote_request = std::get_if<VoteRequest>(&message.body);
  const bool asks_only = vote_request != nullptr && vote_request->pre;
  if (message.term > term_ && !asks_only) become_follower(message.term, 0);
  if (asks_only && mutations_.pre_vote_adopts_term && message.term + 1 > term_) {
    become_follower(message.term + 1, 0);
  }
  // A pre-vote may be granted by a server of an older term: its answer says which term it is for.
  const bool vote_reply = std::holds_alternative<VoteReply>(message.body);
  if (message.term < term_ && !vote_reply) return answer_older_term(message);
  dispatch(message);
}

void Core::Node::dispatch(const Message& message) {
  std::visit([&](const auto& body) { handle(message, body); }, message.body);
}

// §4.2.3: a server that hears a live leader takes no part in elections, and does not even adopt
// their terms; the exception is an election the leader itself asked for.
bool Core::Node::ignored_for_leader(const Message& message) const {
  const auto* request = std::get_if<VoteRequest>(&message.body);
  if (request == nullptr || request->transfer || mutations_.vote_despite_leader) return false;
  if (leading()) return true;
  return has_contact_ && now_ns_ - contact_ns_ < options_.election_timeout_ns;
}

// Tells a leader or candidate of the past what term it is.
void Core::Node::answer_older_term(const Message& message) {
  if (const auto* vote = std::get_if<VoteRequest>(&message.body)) {
    const Term asked = message.term + (vote->pre ? 1 : 0);
    send(message.from, VoteReply{vote->pre, false, asked});
  } else if (std::holds_alternative<AppendRequest>(message.body) ||
             std::holds_alternative<Heartbeat>(message.body) ||
             std::holds_alternative<InstallSnapshot>(message.body)) {
    send(message.from, HeartbeatReply{});
  }
}

void Core::Node::on(Persisted persisted) {
  writes_.persisted(persisted.sequence);
  if (role_ == Role::candidate && !votes_.contains(options_.self) &&
      writes_.persisted_sequence() >= own_vote_after_) {
    votes_[options_.self] = true;
    count_votes();
  }
}

void Core::Node::on(Applied applied) {
  YURT_ASSERT(applied.index <= handed_ && applied.index >= applied_);
  applied_ = applied.index;
  while (!applying_.empty() && applying_.front().last <= applied_) {
    applying_bytes_ -= applying_.front().bytes;
    applying_.pop_front();
  }
}

void Core::Node::send(PeerId to, MessageBody body, std::uint64_t after) {
  const std::uint64_t needed = std::max(after, writes_.hard_state_sequence());
  outbox_.send({options_.self, to, term_, std::move(body)}, needed, writes_.persisted_sequence());
}

void Core::Node::send_at_once(PeerId to, MessageBody body) {
  outbox_.send({options_.self, to, term_, std::move(body)}, 0, 0);
}

void Core::Node::save_hard_state() { writes_.set_hard_state({term_, vote_}); }

void Core::Node::restart_election_timer() {
  timer_ns_ = now_ns_;
  election_after_ns_ = 0;
}

void Core::Node::become_follower(Term term, PeerId leader) {
  YURT_ASSERT(term >= term_);
  const bool new_term = term > term_;
  if (new_term) {
    term_ = term;
    vote_ = 0;
    verified_ = 0;
    save_hard_state();
    outbox_.drop_held();
  }
  if (leading()) {
    // The transfer worked if somebody moved on to a new term.
    end_transfer(new_term ? Refusal::none : Refusal::lost_leadership);
    abandon_leader_reads();
    progress_.clear();
    forget_uncommitted();
    // While leading, this server was in contact with the leader: itself.
    has_contact_ = false;
  }
  if (role_ != Role::follower) restart_election_timer();
  role_ = Role::follower;
  if (leader_ != leader) abandon_forwarded_reads();
  leader_ = leader;
  votes_.clear();
}

void Core::Node::hand_out_committed() {
  if (installing_) return;
  // Only what is on the local disk too: the state machine's durable state must never be ahead of
  // the log, or a crash would leave a log that ends before it.
  Index limit = commit_;
  if (!mutations_.apply_before_durable) limit = std::min(limit, writes_.durable_index());
  while (handed_ < limit && applying_bytes_ < options_.max_apply_bytes) {
    const bool from_disk = !log_.in_memory(handed_ + 1);
    if (from_disk && disk_read_budget_ == 0) break;
    auto entries = log_.read(handed_ + 1, limit, options_.max_apply_bytes - applying_bytes_);
    std::size_t bytes = 0;
    for (auto& entry : entries) {
      bytes += size_bytes(entry);
      out_.committed.push_back(std::move(entry));
    }
    if (from_disk) disk_read_budget_ -= std::min(disk_read_budget_, bytes);
    handed_ = out_.committed.back().index;
    applying_.push_back({handed_, bytes});
    applying_bytes_ += bytes;
  }
}

void Core::Node::refresh_role() {
  const bool ready = leading() && applied_ >= noop_index_;
  const RoleState state{role_, term_, leader_, ready};
  if (state == role_state_) return;
  role_state_ = state;
  out_.role = state;
}

void Core::Node::refuse(std::uint64_t token, Refusal refusal) {
  out_.answers.push_back({token, refusal, 0, 0});
}

// The newest configuration in the log is another one now: it is in force from here on (§4.1).
void Core::Node::configuration_changed() {
  const Configuration& now = configurations_.current();
  out_.configuration = now;
  writes_.set_configurations(configurations_.all());
  if (!leading()) return;
  std::erase_if(progress_, [&](const auto& item) { return now.find(item.first) == nullptr; });
  for (const auto& peer : now.peers) {
    if (peer.id == options_.self || progress_.contains(peer.id)) continue;
    PeerProgress& fresh = progress_[peer.id];
    fresh.next = log_.last_index() + 1;
    fresh.last_answer_ns = now_ns_;
    fresh.catch_up_since_ns = now_ns_;
    fresh.catch_up_target = log_.last_index();
  }
  if (transfer_ && !now.is_voter(transfer_->target)) end_transfer(Refusal::no_such_peer);
}

std::int64_t Core::Node::leader_contact_ns() const { return leading() ? now_ns_ : contact_ns_; }

SnapshotMeta Core::Node::describe_snapshot(Index index) const {
  YURT_ASSERT(index > 0 && index >= log_.start().index && index <= applied_);
  return {index, log_.term_at(index), configurations_.at(index)};
}

}  // namespace yurt::raft
