// Core::Node: the protocol's state and its handlers, one .cc file for each part of the protocol:
//
//   node.cc         events in, output out, terms and timers
//   election.cc     pre-vote, votes, becoming a leader (thesis §3.4, §9.6)
//   follower.cc     appends, heartbeats and snapshots from a leader (§3.5, ch. 5)
//   replication.cc  a leader's appends, answers to them, commitment (§3.5, §3.6)
//   proposals.cc    bootstrap, commands, membership changes (ch. 4), compaction
//   reads.cc        linearizable reads and the lease (§6.4)
//   transfer.cc     leadership transfer (§3.10)
//
// Not thread-safe; copyable (Core::clone). All times are step()'s clock in nanoseconds.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "raft/core/configuration.h"
#include "raft/core/core.h"
#include "raft/core/log.h"
#include "raft/core/outbox.h"
#include "raft/core/peer_progress.h"
#include "raft/core/read_queue.h"
#include "raft/core/write_queue.h"

namespace yurt::raft {

class Core::Node {
 public:
  Node(const CoreOptions& options, const CoreState& state, LogReader& reader, std::int64_t now_ns,
       const Mutations& mutations);

  void step(std::int64_t now_ns, Event event);
  [[nodiscard]] Output take_output();

  [[nodiscard]] const RoleState& role_state() const { return role_state_; }
  [[nodiscard]] HardState hard_state() const { return {term_, vote_}; }
  [[nodiscard]] const Log& log() const { return log_; }
  [[nodiscard]] Index durable_index() const { return writes_.durable_index(); }
  [[nodiscard]] Index commit_index() const { return commit_; }
  [[nodiscard]] Index applied_index() const { return applied_; }
  [[nodiscard]] std::int64_t leader_contact_ns() const;
  [[nodiscard]] const Configuration& configuration() const { return configurations_.current(); }
  [[nodiscard]] std::vector<PeerView> peers() const;
  [[nodiscard]] SnapshotMeta describe_snapshot(Index index) const;
  [[nodiscard]] std::string describe() const;
  void set_reader(LogReader& reader) { log_.set_reader(reader); }

 private:
  // node.cc
  void on(Tick tick);
  void on(Received received);
  void on(Persisted persisted);
  void on(Applied applied);
  void dispatch(const Message& message);
  [[nodiscard]] bool ignored_for_leader(const Message& message) const;
  void answer_older_term(const Message& message);
  // To `to`, once the hard state is durable and also the write `after`.
  void send(PeerId to, MessageBody body, std::uint64_t after = 0);
  void send_at_once(PeerId to, MessageBody body);
  void become_follower(Term term, PeerId leader);
  void save_hard_state();
  void restart_election_timer();
  void hand_out_committed();
  void refresh_role();
  void refuse(std::uint64_t token, Refusal refusal);
  void configuration_changed();
  [[nodiscard]] bool leading() const { return role_ == Role::leader; }

  // election.cc
  void tick_election();
  void campaign();
  void ask_for_votes(bool pre, bool transfer);
  void start_election(bool transfer);
  void count_votes();
  void become_leader();
  void handle(const Message& message, const VoteRequest& request);
  void handle(const Message& message, const VoteReply& reply);
  [[nodiscard]] bool promotable() const;

  // follower.cc
  void heard_leader(PeerId leader);
  void handle(const Message& message, const AppendRequest& request);
  void handle(const Message& message, const Heartbeat& heartbeat);
  void handle(const Message& message, const InstallSnapshot& install);
  void on(SnapshotRestored restored);
  void append_from_leader(const std::vector<Entry>& entries);
  void truncate_from(Index index);
  void acknowledge(PeerId leader, Index match);
  void commit_up_to(Index index);
  [[nodiscard]] Index verified() const;

  // replication.cc
  void tick_leader();
  void start_heartbeat_round();
  void advance_commit();
  void replicate();
  void replicate_to(PeerId id, PeerProgress& peer);
  bool send_append(PeerId id, PeerProgress& peer);
  void progressed(PeerId id, PeerProgress& peer);
  void handle(const Message& message, const AppendReply& reply);
  void handle(const Message& message, const HeartbeatReply& reply);
  void on(PeerUnreachable event);
  void on(SnapshotSent event);

  // proposals.cc
  void on(Bootstrap event);
  void on(Propose event);
  void on(ChangeMembership event);
  void on(Compact event);
  [[nodiscard]] Refusal check(const ChangeMembership& event) const;
  Index append_own(EntryKind kind, Payload payload);
  void append_entry(Entry entry);
  void forget_uncommitted();

  // reads.cc
  void on(Read event);
  void handle(const Message& message, const ReadRequest& request);
  void handle(const Message& message, const ReadReply& reply);
  void advance_reads();
  void confirm(const LeaderRead& read);
  void await_applied(std::uint64_t token, Index index);
  void release_reads();
  void abandon_leader_reads();
  void abandon_forwarded_reads();
  void tick_reads();
  [[nodiscard]] std::uint64_t confirmed_round() const;
  [[nodiscard]] bool lease_valid();

  // transfer.cc
  void on(TransferLeadership event);
  void handle(const Message& message, const TimeoutNow& timeout_now);
  void advance_transfer();
  void tick_transfer();
  void end_transfer(Refusal refusal);
  [[nodiscard]] PeerId best_successor() const;

  CoreOptions options_;
  Mutations mutations_;
  Output out_;

  // Persistent state, as it will be once all writes are durable.
  Term term_;
  PeerId vote_;
  Log log_;
  ConfigurationHistory configurations_;
  WriteQueue writes_;

  Index commit_;
  Index handed_;   // handed out in Output::committed
  Index applied_;  // reported back
  struct HandedOut {
    Index last;
    std::size_t bytes;
  };
  std::deque<HandedOut> applying_;
  std::size_t applying_bytes_ = 0;
  std::size_t disk_read_budget_ = 0;

  Role role_ = Role::follower;
  PeerId leader_ = 0;
  RoleState role_state_;  // as last told
  Outbox outbox_;

  std::int64_t now_ns_;
  // Follower and candidate
  bool has_contact_ = false;
  std::int64_t contact_ns_ = 0;         // the last word of a leader
  std::int64_t timer_ns_ = 0;           // the election timer runs since then
  std::int64_t election_after_ns_ = 0;  // and this long; 0: drawn at the next tick
  std::int64_t ask_again_ns_ = 0;       // candidates: when to repeat the question
  bool campaign_for_transfer_ = false;
  std::map<PeerId, bool> votes_;
  std::uint64_t own_vote_after_ = 0;  // the write that makes the own vote durable
  Index verified_ = 0;                // see verified(); of this term
  std::optional<SnapshotMeta> installing_;

  // Leader
  std::map<PeerId, PeerProgress> progress_;
  Index noop_index_ = 0;
  std::int64_t next_heartbeat_ns_ = 0;
  std::deque<std::size_t> uncommitted_sizes_;  // of the newest entries, up to the last one
  std::size_t uncommitted_bytes_ = 0;
  ReadQueue leader_reads_;
  bool lease_broken_ = false;  // somebody may have been told to take over in this term
  struct Transfer {
    std::uint64_t token;
    PeerId target;
    std::int64_t deadline_ns;
    bool told;
  };
  std::optional<Transfer> transfer_;

  // Reads of this server's own caller
  struct Forwarded {
    std::uint64_t token;
    std::int64_t deadline_ns;
  };
  std::map<std::uint64_t, Forwarded> forwarded_;  // asked of the leader, by ReadRequest::id
  std::uint64_t next_read_id_;
  struct ConfirmedRead {
    ReadAnswer answer;
    std::int64_t deadline_ns;
  };
  std::deque<ConfirmedRead> confirmed_reads_;  // waiting for `applied_`
};

}  // namespace yurt::raft
