// Life, mailbox and events in; consensus_output.cc carries out what the core wants.
#include "raft/shell/consensus_thread.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "raft/shell/refusal.h"
#include "raft/shell/snapshot_folder.h"

namespace yurt::raft {
namespace {

constexpr std::int64_t ticks_per_heartbeat = 5;
constexpr std::int64_t durable_check_ns = 100 * nanoseconds_per_millisecond;
// A peer that has not answered for this long does not hold the log back.
constexpr std::int64_t peer_silence_ns = 10 * nanoseconds_per_second;
constexpr std::size_t max_message_bytes = 256 << 20;

const Error stopped{ErrorCode::unavailable, "this server is shutting down"};

CoreOptions core_options(const Options& options) {
  CoreOptions core;
  core.self = options.self;
  core.heartbeat_ns = options.heartbeat_ms * nanoseconds_per_millisecond;
  core.election_timeout_ns = options.election_timeout_ms * nanoseconds_per_millisecond;
  core.max_append_bytes = options.max_append_bytes;
  core.max_inflight_appends = static_cast<std::size_t>(options.max_inflight_appends);
  core.max_uncommitted_bytes = options.max_waiting_bytes;
  core.log_cache_bytes = options.log_cache_bytes;
  return core;
}

CoreState core_state(const LogStore::Recovered& recovered, Index applied, std::uint64_t nonce) {
  CoreState state;
  state.hard_state = recovered.hard_state;
  state.start = recovered.start;
  state.last_index = recovered.last_index;
  state.configurations = recovered.configurations;
  state.applied = applied;
  state.nonce = nonce;
  return state;
}

}  // namespace

ConsensusThread::ConsensusThread(Parts parts, Settings settings)
    : parts_(parts),
      options_(std::move(settings.options)),
      applied_at_start_(settings.applied),
      random_(settings.random_seed),
      mailbox_(max_message_bytes) {
  const LogStore::Recovered& recovered = parts_.store.recovered();
  if (!recovered.configurations.empty()) {
    configuration_ = recovered.configurations.back().configuration;
    published_.configuration = configuration_;
  }
  published_.progress.term = recovered.hard_state.term;
  published_.progress.first_index = recovered.start.index + 1;
  published_.progress.last_index = recovered.last_index;
  published_.progress.commit_index = published_.progress.applied_index = applied_at_start_;
}

void ConsensusThread::on_leadership(std::function<void(const Leadership&)> listener) {
  leadership_listener_ = std::move(listener);
}

void ConsensusThread::on_failure(std::function<void(const Error&)> listener) {
  failure_listener_ = std::move(listener);
}

void ConsensusThread::start() {
  apply_ = std::make_unique<ApplyThread>(parts_.machine,
                                         ApplyThread::Reports{
                                             [this](Index index) { mailbox_.post_applied(index); },
                                             [this](std::size_t bytes) { waiting_bytes_ -= bytes; },
                                         });
  disk_ = std::make_unique<DiskThread>(
      parts_.store, DiskThread::Reports{
                        [this](std::uint64_t sequence) { mailbox_.post_persisted(sequence); },
                        [this](const Error& error) {
                          static_cast<void>(mailbox_.post([this, error] { fail(error); }));
                        },
                    });
  const auto call = [this](std::function<void()> function) {
    static_cast<void>(mailbox_.post(std::move(function)));
  };
  const auto step_event = [this](Event event) { step(std::move(event)); };
  outgoing_ = std::make_unique<OutgoingSnapshots>(
      OutgoingSnapshots::Parts{parts_.machine, *apply_, parts_.transport, call, step_event},
      snapshots_folder(options_.folder));
  incoming_ = std::make_unique<IncomingSnapshot>(
      IncomingSnapshot::Parts{parts_.store, parts_.machine, *apply_, call, step_event,
                              [this](const Error& error) { fail(error); }});
  const std::int64_t now_ns = parts_.clock.steady_ns();
  core_ = std::make_unique<Core>(
      core_options(options_),
      core_state(parts_.store.recovered(), applied_at_start_, random_.next()), parts_.store,
      now_ns);
  next_tick_ns_ = now_ns;
  parts_.transport.set_peers(configuration_);
  thread_ = std::thread([this] { run(); });
}

void ConsensusThread::stop() {
  mailbox_.close();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    answer_last(mailbox_.take(0));
  }
  if (disk_) disk_->stop();
  if (apply_) apply_->stop();
}

void ConsensusThread::run() {
  while (true) {
    const std::int64_t wait_ns = next_tick_ns_ - parts_.clock.steady_ns();
    Mail mail = mailbox_.take(wait_ns);
    if (mail.closed) return answer_last(std::move(mail));
    handle(std::move(mail));
  }
}

void ConsensusThread::answer_last(Mail mail) {
  if (!failure_) failure_ = stopped;
  for (const auto& call : mail.calls) call();
  if (!mail.proposals.empty()) propose_all(std::move(mail.proposals));
  fail_open(*failure_);
}

// Messages before the tick, so that a heartbeat which lies here in time prevents an election.
void ConsensusThread::handle(Mail mail) {
  for (Message& message : mail.messages) {
    if (message.to == options_.self) step(Received{std::move(message)});
  }
  if (mail.persisted != 0) {
    step(Persisted{mail.persisted});
    incoming_->persisted(mail.persisted);
  }
  if (mail.applied != 0) step(Applied{mail.applied});
  for (const auto& call : mail.calls) call();
  if (!mail.proposals.empty()) propose_all(std::move(mail.proposals));
  const std::int64_t now_ns = parts_.clock.steady_ns();
  if (now_ns >= next_tick_ns_) tick(now_ns);
  flush();
  tell_finished();
  publish();
}

void ConsensusThread::propose_all(std::vector<IncomingProposal> incoming) {
  Propose propose;
  propose.proposals.reserve(incoming.size());
  for (IncomingProposal& proposal : incoming) {
    const std::size_t bytes = proposal.payload->size() + entry_overhead_bytes;
    const std::uint64_t token = proposals_.ask(bytes, std::move(proposal.done));
    propose.proposals.push_back({token, std::move(proposal.payload)});
  }
  if (failure_) {
    proposals_.fail_all(*failure_);
  } else {
    step(std::move(propose));
  }
}

void ConsensusThread::tick(std::int64_t now_ns) {
  next_tick_ns_ =
      now_ns + options_.heartbeat_ms * nanoseconds_per_millisecond / ticks_per_heartbeat;
  if (failure_) return;
  step(Tick{random_.next()});
  if (doubt_until_ns_ && now_ns >= *doubt_until_ns_) {
    doubt_until_ns_.reset();
    proposals_.give_up_waiting();
    membership_.fail_all({ErrorCode::deadline_exceeded,
                          "leadership was lost; the change may or may not have been made"});
  }
  ask_membership();
  outgoing_->tick(*core_, now_ns, options_.snapshot_after_entries / 4);
  if (now_ns >= next_durable_check_ns_) {
    next_durable_check_ns_ = now_ns + durable_check_ns;
    consider_cutting();
  }
}

void ConsensusThread::step(Event event) {
  if (!failure_) core_->step(parts_.clock.steady_ns(), std::move(event));
}

void ConsensusThread::ask_membership() {
  if (membership_.empty()) return;
  for (ChangeMembership& change : membership_.due([this] { return next_token(); })) {
    step(std::move(change));
  }
}

// The log may only lose what the machine has made durable itself. A machine that does not do so by
// itself for long is asked for a snapshot, which makes it.
void ConsensusThread::consider_cutting() {
  const Index start = core_->start_index();
  const Index limit = options_.snapshot_after_entries;
  const Index applied = core_->applied_index();
  if (applied - start < limit) return;
  next_durable_check_ns_ = std::numeric_limits<std::int64_t>::max();  // until this one is answered
  const bool overdue = applied - start >= 2 * limit;
  apply_->push([this, start, limit, overdue] {
    Index durable = parts_.machine.durable_index();
    if (overdue && durable < start + limit) {
      if (const Status taken = take_and_drop_snapshot(); !taken.ok()) {
        YURT_LOG(warn, "raft", "cannot take a snapshot to shorten the log: {}",
                 taken.error().message);
      }
      durable = parts_.machine.durable_index();
    }
    static_cast<void>(mailbox_.post([this, start, limit, durable] {
      next_durable_check_ns_ = parts_.clock.steady_ns() + durable_check_ns;
      if (durable >= start + limit) cut(std::min(durable - limit / 4, slowest_peer(4 * limit)));
    }));
  });
}

// How far every peer that answers has the log, so that none of them needs a snapshot just for being
// a little slow; unless that would keep more than `at_most` entries.
Index ConsensusThread::slowest_peer(Index at_most) const {
  const std::int64_t silent_since_ns = parts_.clock.steady_ns() - peer_silence_ns;
  Index slowest = core_->last_index();
  for (const PeerView& peer : core_->peers()) {
    if (peer.id == options_.self || peer.mode == PeerMode::snapshot) continue;
    if (peer.last_answer_ns >= silent_since_ns) slowest = std::min(slowest, peer.match);
  }
  const Index last = core_->last_index();
  return std::max(slowest, last - std::min(last, at_most));
}

void ConsensusThread::cut(Index behind) {
  const Index to = std::min({behind, core_->applied_index(), outgoing_->kept_from()});
  if (to > core_->start_index()) step(Compact{to});
}

Status ConsensusThread::take_and_drop_snapshot() {
  const std::filesystem::path scratch = snapshots_folder(options_.folder) / "dropped";
  YURT_TRY(make_folders(scratch, 0700));
  const Result<StateMachine::Snapshot> snapshot = parts_.machine.take_snapshot(scratch);
  remove_folder(scratch);
  if (!snapshot.ok()) return snapshot.error();
  return {};
}

void ConsensusThread::post(std::function<void()> call,
                           const std::function<void(const Error&)>& refuse) {
  if (!mailbox_.post(std::move(call))) refuse(stopped);
}

void ConsensusThread::propose(std::string command, ProposalDone done) {
  if (command.size() > max_command_bytes) {
    parts_.callbacks.push([done = std::move(done)] {
      done(Error{ErrorCode::invalid_argument, "a command may not be longer than 3 MiB"});
    });
    return;
  }
  const std::size_t bytes = command.size() + entry_overhead_bytes;
  if (waiting_bytes_.fetch_add(bytes) + bytes > options_.max_waiting_bytes) {
    waiting_bytes_ -= bytes;
    parts_.callbacks.push([done = std::move(done)] {
      done(Error{ErrorCode::resource_exhausted,
                 "too many commands wait to be committed: try again"});
    });
    return;
  }
  IncomingProposal proposal{std::make_shared<const std::string>(std::move(command)),
                            std::move(done)};
  if (!mailbox_.post(std::move(proposal))) {
    waiting_bytes_ -= bytes;
    proposal.done(stopped);
  }
}

void ConsensusThread::read_barrier(std::function<void(Result<Index>)> done) {
  post(
      [this, done] {
        const std::uint64_t token = next_token();
        reads_.emplace(token, done);
        if (failure_) return answer_reads_and_transfers(*failure_);
        step(Read{token});
      },
      done);
}

void ConsensusThread::transfer_leadership(PeerId target, StatusDone done) {
  post(
      [this, target, done] {
        const std::uint64_t token = next_token();
        transfers_.emplace(token, done);
        if (failure_) return answer_reads_and_transfers(*failure_);
        step(TransferLeadership{token, target});
      },
      done);
}

void ConsensusThread::add_peer(Peer peer, StatusDone done) {
  if (peer.id == 0 || peer.address.empty()) {
    done(Error{ErrorCode::invalid_argument, "a member needs an id and an address"});
    return;
  }
  post(
      [this, peer, done] {
        membership_.add(peer, done);
        if (failure_) return membership_.fail_all(*failure_);
        ask_membership();
      },
      done);
}

void ConsensusThread::remove_peer(PeerId peer, StatusDone done) {
  post(
      [this, peer, done] {
        membership_.remove(peer, done);
        if (failure_) return membership_.fail_all(*failure_);
        ask_membership();
      },
      done);
}

void ConsensusThread::compact(StatusDone done) {
  post(
      [this, done] {
        if (failure_) {
          parts_.callbacks.push([done, error = *failure_] { done(error); });
          return;
        }
        apply_->push([this, done] {
          const Status taken = take_and_drop_snapshot();
          const Index durable = parts_.machine.durable_index();
          post(
              [this, done, taken, durable] {
                if (taken.ok()) cut(durable);
                parts_.callbacks.push([done, taken] { done(taken); });
              },
              done);
        });
      },
      done);
}

void ConsensusThread::bootstrap(Configuration configuration) {
  static_cast<void>(mailbox_.post([this, configuration = std::move(configuration)] {
    if (failure_ || core_->last_index() != 0 || core_->hard_state().term != 0) return;
    step(Bootstrap{configuration});
  }));
}

Inbound ConsensusThread::inbound() {
  return Inbound{
      [this](std::vector<Message> messages) { mailbox_.post(std::move(messages)); },
      [this](PeerId peer) {
        static_cast<void>(mailbox_.post([this, peer] { step(PeerUnreachable{peer}); }));
      },
      [this](const ArrivedSnapshot& snapshot, const StatusDone& done) {
        post(
            [this, snapshot, done] {
              if (failure_) return done(*failure_);
              flush();
              incoming_->arrived(snapshot, options_.self, done);
              flush();
              if (incoming_->undecided()) incoming_->not_needed(core_->commit_index());
            },
            done);
      },
  };
}

}  // namespace yurt::raft
