#include "raft/shell/proposals.h"

#include "base/assert.h"

namespace yurt::raft {
namespace {

const Error lost{ErrorCode::unavailable,
                 "leadership changed and the command was not committed: try again"};
const Error unknown{ErrorCode::deadline_exceeded,
                    "leadership was lost; the command may or may not be committed"};

}  // namespace

std::uint64_t Proposals::ask(std::size_t size_bytes, ProposalDone done) {
  asked_.push_back({size_bytes, std::move(done)});
  return first_token_ + asked_.size() - 1;
}

void Proposals::answer(const Answer& answer, std::optional<Error> refused) {
  YURT_ASSERT(!asked_.empty() && answer.token == first_token_);
  Asked asked = std::move(asked_.front());
  asked_.pop_front();
  ++first_token_;
  if (refused) {
    failed_.push_back({asked.size_bytes, std::move(asked.done), std::move(*refused)});
    return;
  }
  YURT_ASSERT(waiting_.empty() || waiting_.back().index < answer.index);
  waiting_.push_back({answer.index, answer.term, asked.size_bytes, std::move(asked.done)});
}

void Proposals::fail(WaitingProposal waiting, const Error& error) {
  failed_.push_back({waiting.size_bytes, std::move(waiting.done), error});
}

void Proposals::truncated(Index index) {
  while (!waiting_.empty() && waiting_.back().index >= index) {
    fail(std::move(waiting_.back()), lost);
    waiting_.pop_back();
  }
}

std::vector<WaitingProposal> Proposals::take(std::span<const Entry> committed) {
  std::vector<WaitingProposal> taken;
  for (const Entry& entry : committed) {
    // Passed over: covered by a snapshot of another leader's.
    while (!waiting_.empty() && waiting_.front().index < entry.index) {
      fail(std::move(waiting_.front()), unknown);
      waiting_.pop_front();
    }
    if (waiting_.empty()) break;
    if (waiting_.front().index > entry.index) continue;
    if (waiting_.front().term == entry.term) {
      taken.push_back(std::move(waiting_.front()));
    } else {
      fail(std::move(waiting_.front()), lost);
    }
    waiting_.pop_front();
  }
  return taken;
}

void Proposals::give_up_waiting() {
  for (WaitingProposal& waiting : waiting_) fail(std::move(waiting), unknown);
  waiting_.clear();
}

void Proposals::fail_all(const Error& error) {
  first_token_ += asked_.size();
  for (Asked& asked : asked_) failed_.push_back({asked.size_bytes, std::move(asked.done), error});
  asked_.clear();
  for (WaitingProposal& waiting : waiting_) {
    // Already in the log: it may yet be committed.
    fail(std::move(waiting), {ErrorCode::deadline_exceeded,
                              error.message + "; the command may or may not be committed"});
  }
  waiting_.clear();
}

}  // namespace yurt::raft
