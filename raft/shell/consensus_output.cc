// What the core wants, handed on to those who do it.
#include <utility>

#include "base/log.h"
#include "raft/shell/consensus_thread.h"
#include "raft/shell/refusal.h"

namespace yurt::raft {
namespace {

// How many election timeouts callers wait, once leadership is lost, for the next leader to settle
// what became of their commands.
constexpr std::int64_t doubt_election_timeouts = 8;

// Tokens that are not Proposals'.
constexpr std::uint64_t other_tokens = std::uint64_t{1} << 63;

}  // namespace

std::uint64_t ConsensusThread::next_token() { return other_tokens | ++last_token_; }

void ConsensusThread::flush() {
  if (failure_) return;
  Output output = core_->take_output();
  if (!output.empty()) carry_out(output);
}

void ConsensusThread::carry_out(Output& output) {
  if (output.configuration) {
    configuration_ = *output.configuration;
    parts_.transport.set_peers(configuration_);
  }
  if (output.role) role_changed(*output.role);
  if (output.write) {
    if (output.write->truncate_from != 0) proposals_.truncated(output.write->truncate_from);
    incoming_->writing(*output.write);
    disk_->push(std::move(*output.write));
  }
  if (!output.messages.empty()) parts_.transport.send(std::move(output.messages));
  for (const Answer& each : output.answers) answer(each);
  for (const ReadAnswer& each : output.reads) answer_read(each);
  if (!output.committed.empty()) commit(std::move(output.committed));
  for (const SendSnapshot& each : output.snapshots) outgoing_->send(*core_, each);
  if (output.install) incoming_->install(*output.install);
  if (!output.caught_up.empty()) ask_membership();
}

Error ConsensusThread::refusal(Refusal reason) const {
  const PeerId leader = core_->role().leader;
  return refusal_error(reason, leader, address_of(leader));
}

std::string ConsensusThread::address_of(PeerId peer) const {
  if (peer == options_.self) return options_.address;
  const Peer* member = configuration_.find(peer);
  return member != nullptr ? member->address : std::string();
}

void ConsensusThread::answer(const Answer& answer) {
  std::optional<Error> refused;
  if (answer.refusal != Refusal::none) refused = refusal(answer.refusal);
  if ((answer.token & other_tokens) == 0) {
    proposals_.answer(answer, std::move(refused));
    return;
  }
  if (const auto transfer = transfers_.find(answer.token); transfer != transfers_.end()) {
    const bool there_already = answer.refusal == Refusal::already_done;
    parts_.callbacks.push(
        [done = std::move(transfer->second),
         status = refused && !there_already ? Status(*refused) : Status()] { done(status); });
    transfers_.erase(transfer);
    return;
  }
  membership_.answer(answer, refused.value_or(Error{}));
}

void ConsensusThread::answer_read(const ReadAnswer& read) {
  const auto waiting = reads_.find(read.token);
  if (waiting == reads_.end()) return;
  Result<Index> result = read.index;
  if (read.refusal != Refusal::none) result = refusal(read.refusal);
  parts_.callbacks.push(
      [done = std::move(waiting->second), result = std::move(result)] { done(result); });
  reads_.erase(waiting);
}

void ConsensusThread::commit(std::vector<Entry> entries) {
  membership_.committed(entries);
  CommittedBatch batch;
  batch.proposals = proposals_.take(entries);
  batch.entries = std::move(entries);
  apply_->push(std::move(batch));
}

void ConsensusThread::role_changed(const RoleState& role) {
  const bool leads = role.role == Role::leader;
  if (leads && !was_leader_) {
    YURT_LOG(info, "raft", "server {} leads in term {}", options_.self, role.term);
    doubt_until_ns_.reset();
  }
  if (!leads && was_leader_) {
    YURT_LOG(info, "raft", "server {} leads no more (term {})", options_.self, role.term);
    membership_.leadership_lost();
    doubt_until_ns_ = parts_.clock.steady_ns() + doubt_election_timeouts *
                                                     options_.election_timeout_ms *
                                                     nanoseconds_per_millisecond;
  }
  was_leader_ = leads;
}

void ConsensusThread::tell_finished() {
  std::vector<FailedProposal> failed = proposals_.take_failed();
  if (!failed.empty()) {
    std::size_t bytes = 0;
    for (const FailedProposal& each : failed) bytes += each.size_bytes;
    waiting_bytes_ -= bytes;
    parts_.callbacks.push(
        [failed = std::make_shared<std::vector<FailedProposal>>(std::move(failed))] {
          for (FailedProposal& each : *failed) each.done(std::move(each.error));
        });
  }
  for (Membership::Finished& finished : membership_.take_finished()) {
    parts_.callbacks.push(
        [done = std::move(finished.done), status = std::move(finished.status)] { done(status); });
  }
}

void ConsensusThread::answer_reads_and_transfers(const Error& error) {
  for (auto& [token, done] : std::exchange(reads_, {})) {
    parts_.callbacks.push([done = std::move(done), error] { done(error); });
  }
  for (auto& [token, done] : std::exchange(transfers_, {})) {
    parts_.callbacks.push([done = std::move(done), error] { done(error); });
  }
}

void ConsensusThread::fail_open(const Error& error) {
  proposals_.fail_all(error);
  membership_.fail_all(error);
  answer_reads_and_transfers(error);
  if (incoming_) incoming_->stop(error);
  tell_finished();
}

void ConsensusThread::fail(const Error& error) {
  if (failure_) return;
  failure_ = error;
  YURT_LOG(error, "raft", "server {} takes no further part: {}", options_.self, error.message);
  fail_open(error);
  if (failure_listener_) {
    parts_.callbacks.push([this, error] { failure_listener_(error); });
  }
}

// Other threads see one consistent reading, taken after each batch of mail.
void ConsensusThread::publish() {
  Leadership now;
  const RoleState& role = core_->role();
  now.term = role.term;
  if (!failure_) {
    now.leader = role.leader;
    now.address = address_of(role.leader);
    now.self = role.ready;
  }
  bool changed = false;
  {
    const std::lock_guard lock(published_mutex_);
    Published& out = published_;
    changed = out.leadership.leader != now.leader || out.leadership.address != now.address ||
              out.leadership.term != now.term || out.leadership.self != now.self;
    if (changed) out.leadership = now;
    if (out.configuration != configuration_) out.configuration = configuration_;
    out.progress.term = core_->hard_state().term;
    out.progress.first_index = core_->start_index() + 1;
    out.progress.last_index = core_->last_index();
    out.progress.commit_index = core_->commit_index();
    out.progress.applied_index = core_->applied_index();
    out.leader_contact_ns = role.role == Role::leader ? -1 : core_->leader_contact_ns();
  }
  if (changed && leadership_listener_) {
    parts_.callbacks.push([this, now = std::move(now)] { leadership_listener_(now); });
  }
}

Leadership ConsensusThread::leadership() const {
  const std::lock_guard lock(published_mutex_);
  return published_.leadership;
}

Configuration ConsensusThread::configuration() const {
  const std::lock_guard lock(published_mutex_);
  return published_.configuration;
}

Progress ConsensusThread::progress() const {
  const std::int64_t now_ns = parts_.clock.steady_ns();
  const std::lock_guard lock(published_mutex_);
  Progress progress = published_.progress;
  if (published_.leader_contact_ns >= 0) {
    progress.last_contact_ms = std::max<std::int64_t>(0, now_ns - published_.leader_contact_ns) /
                               nanoseconds_per_millisecond;
  }
  return progress;
}

}  // namespace yurt::raft
