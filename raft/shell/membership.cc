#include "raft/shell/membership.h"

#include <utility>

namespace yurt::raft {

void Membership::add(Peer peer, StatusDone done) {
  operations_.push_back({.peer = std::move(peer),
                         .done = std::move(done),
                         .step = MembershipChange::add_learner,
                         .token = 0,
                         .index = 0,
                         .term = 0});
}

void Membership::remove(PeerId peer, StatusDone done) {
  operations_.push_back({.peer = Peer{peer, {}, false},
                         .done = std::move(done),
                         .step = MembershipChange::remove,
                         .token = 0,
                         .index = 0,
                         .term = 0});
}

std::vector<ChangeMembership> Membership::due(const std::function<std::uint64_t()>& next_token) {
  std::vector<ChangeMembership> changes;
  for (Operation& operation : operations_) {
    if (operation.token != 0 || operation.index != 0) continue;
    operation.token = next_token();
    changes.push_back({operation.token, operation.step, operation.peer});
  }
  return changes;
}

bool Membership::answer(const Answer& answer, const Error& refused) {
  for (auto at = operations_.begin(); at != operations_.end(); ++at) {
    if (at->token != answer.token) continue;
    at->token = 0;
    switch (answer.refusal) {
      case Refusal::none:
        at->index = answer.index;
        at->term = answer.term;
        break;
      case Refusal::already_done: advance(at); break;
      case Refusal::change_in_progress:
      case Refusal::not_ready:
      case Refusal::behind:
      case Refusal::transferring:
      case Refusal::too_much_waiting: break;
      case Refusal::not_leader:
      case Refusal::lost_leadership:
      case Refusal::no_such_peer:
      case Refusal::last_voter:
      case Refusal::timed_out: finish(at, refused); break;
    }
    return true;
  }
  return false;
}

void Membership::committed(std::span<const Entry> entries) {
  if (operations_.empty() || entries.empty()) return;
  const Index first = entries.front().index;
  const Index last = entries.back().index;
  for (auto at = operations_.begin(); at != operations_.end();) {
    if (at->index == 0 || at->index < first || at->index > last) {
      ++at;
    } else if (entries[at->index - first].term == at->term) {
      at = advance(at);
    } else {
      at = finish(at, Error{ErrorCode::unavailable,
                            "leadership changed and the membership change was not committed"});
    }
  }
}

Membership::Operations::iterator Membership::advance(Operations::iterator operation) {
  operation->index = 0;
  if (operation->step == MembershipChange::add_learner && operation->peer.voter) {
    operation->step = MembershipChange::promote;
    return std::next(operation);
  }
  return finish(operation, {});
}

Membership::Operations::iterator Membership::finish(Operations::iterator operation, Status status) {
  finished_.push_back({std::move(operation->done), std::move(status)});
  return operations_.erase(operation);
}

void Membership::leadership_lost() {
  for (auto at = operations_.begin(); at != operations_.end();) {
    if (at->index != 0) {
      ++at;
    } else {
      at = finish(at, Error{ErrorCode::unavailable, "leadership was lost: try again"});
    }
  }
}

void Membership::fail_all(const Error& error) {
  for (auto at = operations_.begin(); at != operations_.end();) at = finish(at, error);
}

}  // namespace yurt::raft
