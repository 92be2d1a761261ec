// Proposals: the callers who wait for their commands to be committed, in log order.
//
// A caller is first asked about (its command is with the core), then waits at an index and term.
// There it is handed out with the committed entry, or told that the command is lost: the entry was
// truncated, or another one was committed in its place. When leadership goes, callers should be
// left waiting a little longer, since the next leader usually settles what became of their entries.
//
// Owned and used by the consensus thread alone. Finished callers are collected and taken out by
// take_finished(), so that no foreign code runs in here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "raft/core/output.h"
#include "raft/shell/mailbox.h"

namespace yurt::raft {

struct WaitingProposal {
  Index index = 0;
  Term term = 0;
  std::size_t size_bytes = 0;
  ProposalDone done;
};

struct FailedProposal {
  std::size_t size_bytes = 0;
  ProposalDone done;
  Error error;
};

class Proposals {
 public:
  // Registers a caller; returns the token for the core's Proposal.
  [[nodiscard]] std::uint64_t ask(std::size_t size_bytes, ProposalDone done);
  // The core took the command, or `refused` says why not.
  void answer(const Answer& answer, std::optional<Error> refused);
  // Entries from `index` on were deleted from the log.
  void truncated(Index index);
  // Takes those whose entries are among `committed`, ascending by index.
  [[nodiscard]] std::vector<WaitingProposal> take(std::span<const Entry> committed);

  // Leadership was lost for so long that what is in the log ends with an unknown outcome.
  void give_up_waiting();
  void fail_all(const Error& error);

  [[nodiscard]] std::vector<FailedProposal> take_failed() { return std::exchange(failed_, {}); }
  [[nodiscard]] bool empty() const { return asked_.empty() && waiting_.empty(); }

 private:
  struct Asked {
    std::size_t size_bytes = 0;
    ProposalDone done;
  };

  void fail(WaitingProposal waiting, const Error& error);

  std::uint64_t first_token_ = 1;
  std::deque<Asked> asked_;              // tokens first_token_, ...
  std::deque<WaitingProposal> waiting_;  // ascending by index
  std::vector<FailedProposal> failed_;
};

}  // namespace yurt::raft
