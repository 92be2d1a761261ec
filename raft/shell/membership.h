// Membership: carries out add_peer and remove_peer as the steps the core knows (learner, promotion,
// removal), one committed change after another, trying again while the core says "not now".
//
// Owned and used by the consensus thread alone.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "raft/core/event.h"
#include "raft/core/output.h"
#include "raft/shell/done.h"

namespace yurt::raft {

class Membership {
 public:
  // Ends as a voter when peer.voter, as a learner otherwise.
  void add(Peer peer, StatusDone done);
  void remove(PeerId peer, StatusDone done);

  // What to ask the core for now. `next_token` gives tokens that nobody else uses.
  [[nodiscard]] std::vector<ChangeMembership> due(const std::function<std::uint64_t()>& next_token);
  // False when the token is not one of due()'s. `refused` is the error to end with when the core
  // refused for good.
  bool answer(const Answer& answer, const Error& refused);
  void committed(std::span<const Entry> entries);
  // Ends what is not in the log yet; the rest may still be committed by the next leader.
  void leadership_lost();
  void fail_all(const Error& error);

  struct Finished {
    StatusDone done;
    Status status;
  };
  [[nodiscard]] std::vector<Finished> take_finished() { return std::exchange(finished_, {}); }
  [[nodiscard]] bool empty() const { return operations_.empty(); }

 private:
  struct Operation {
    Peer peer;
    StatusDone done;
    MembershipChange step = MembershipChange::add_learner;
    std::uint64_t token = 0;  // of the question the core has not answered yet; 0: none
    Index index = 0;          // of the entry that must be committed; 0: none
    Term term = 0;
  };
  using Operations = std::list<Operation>;

  // The step of `operation` is done; goes on to the next one or finishes it.
  Operations::iterator advance(Operations::iterator operation);
  Operations::iterator finish(Operations::iterator operation, Status status);

  Operations operations_;
  std::vector<Finished> finished_;
};

}  // namespace yurt::raft
