// What enters the log at this server's own wish: the founding configuration, commands, membership
// changes (thesis chapter 4); and what leaves it by compaction (chapter 5).
#include <utility>

#include "base/assert.h"
#include "raft/core/node.h"

namespace yurt::raft {

void Core::Node::append_entry(Entry entry) {
  log_.append(entry);
  writes_.append(entry);
  if (entry.kind != EntryKind::configuration) return;
  auto configuration = decode_configuration(entry.bytes());
  YURT_ASSERT(configuration.ok());
  configurations_.append(entry.index, std::move(configuration).value());
  configuration_changed();
}

Index Core::Node::append_own(EntryKind kind, Payload payload) {
  YURT_ASSERT(leading());
  Entry entry{log_.last_index() + 1, term_, kind, std::move(payload)};
  const Index index = entry.index;
  uncommitted_sizes_.push_back(size_bytes(entry));
  uncommitted_bytes_ += uncommitted_sizes_.back();
  append_entry(std::move(entry));
  return index;
}

void Core::Node::forget_uncommitted() {
  uncommitted_sizes_.clear();
  uncommitted_bytes_ = 0;
}

void Core::Node::on(Bootstrap event) {
  const bool pristine = term_ == 0 && log_.last_index() == 0 && configurations_.all().empty();
  if (!pristine || installing_) return;
  YURT_ASSERT(event.configuration.find(options_.self) != nullptr);
  YURT_ASSERT(event.configuration.voter_count() > 0);
  term_ = 1;
  save_hard_state();
  append_entry({1, 1, EntryKind::configuration,
                std::make_shared<const std::string>(encode(event.configuration))});
}

void Core::Node::on(Propose event) {
  for (auto& proposal : event.proposals) {
    if (!leading()) {
      refuse(proposal.token, Refusal::not_leader);
    } else if (transfer_) {
      refuse(proposal.token, Refusal::transferring);
    } else if (uncommitted_bytes_ >= options_.max_uncommitted_bytes) {
      refuse(proposal.token, Refusal::too_much_waiting);
    } else {
      const Index index = append_own(EntryKind::command, std::move(proposal.payload));
      out_.answers.push_back({proposal.token, Refusal::none, index, term_});
    }
  }
}

Refusal Core::Node::check(const ChangeMembership& event) const {
  if (!leading()) return Refusal::not_leader;
  if (transfer_) return Refusal::transferring;
  // Without its no-op committed, a leader could make a change whose quorum misses that of an
  // earlier leader's change (thesis §4.1 as corrected in 2015).
  if (commit_ < noop_index_ && !mutations_.change_before_noop) return Refusal::not_ready;
  if (configurations_.current_index() > commit_ && !mutations_.overlapping_changes) {
    return Refusal::change_in_progress;
  }
  const Configuration& now = configuration();
  const Peer* member = now.find(event.peer.id);
  switch (event.change) {
    case MembershipChange::add_learner:
      YURT_ASSERT(event.peer.id != 0);
      if (member != nullptr && member->address == event.peer.address) return Refusal::already_done;
      return Refusal::none;
    case MembershipChange::promote: {
      if (member == nullptr) return Refusal::no_such_peer;
      if (member->voter) return Refusal::already_done;
      const auto progress = progress_.find(event.peer.id);
      const bool ready = progress != progress_.end() && progress->second.caught_up;
      return ready || mutations_.promote_unready ? Refusal::none : Refusal::behind;
    }
    case MembershipChange::remove:
      if (member == nullptr) return Refusal::no_such_peer;
      if (member->voter && now.voter_count() == 1) return Refusal::last_voter;
      return Refusal::none;
  }
  return Refusal::no_such_peer;
}

void Core::Node::on(ChangeMembership event) {
  const Refusal refusal = check(event);
  if (refusal != Refusal::none) return refuse(event.token, refusal);
  Configuration next;
  const Peer* member = configuration().find(event.peer.id);
  switch (event.change) {
    case MembershipChange::add_learner:
      next = configuration().with(
          {event.peer.id, event.peer.address, member != nullptr && member->voter});
      break;
    case MembershipChange::promote:
      next = configuration().with({member->id, member->address, true});
      break;
    case MembershipChange::remove: next = configuration().without(event.peer.id); break;
  }
  const Index index =
      append_own(EntryKind::configuration, std::make_shared<const std::string>(encode(next)));
  out_.answers.push_back({event.token, Refusal::none, index, term_});
}

void Core::Node::on(Compact event) {
  if (event.index <= log_.start().index) return;
  YURT_ASSERT(event.index <= applied_);
  log_.cut_to(event.index);
  writes_.cut_to(log_.start());
  if (configurations_.cut_to(event.index)) writes_.set_configurations(configurations_.all());
}

}  // namespace yurt::raft
