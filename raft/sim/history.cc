#include "raft/sim/history.h"

#include <algorithm>

#include "base/assert.h"

namespace yurt::raft::sim {

bool History::note_entry(Index index, Term term, std::uint64_t chain) {
  return entries_.try_emplace({index, term}, chain).first->second == chain;
}

std::uint64_t History::chain_of(Index index, Term term) const {
  if (index == 0) return 0;
  const auto found = entries_.find({index, term});
  YURT_ASSERT(found != entries_.end());
  return found->second;
}

bool History::note_commit(Index index, const Committed& committed) {
  const auto [known, is_new] = committed_.try_emplace(index, committed);
  if (is_new) {
    Index& last = last_committed_in_[committed.known_in];
    last = std::max(last, index);
  }
  return known->second.chain == committed.chain;
}

Index History::last_committed_before(Term term) const {
  Index last = 0;
  for (const auto& [known_in, index] : last_committed_in_) {
    if (known_in < term) last = std::max(last, index);
  }
  return last;
}

bool History::note_leader(Term term, PeerId leader) {
  return leaders_.try_emplace(term, leader).first->second == leader;
}

PeerId History::leader_of(Term term) const {
  const auto found = leaders_.find(term);
  return found == leaders_.end() ? 0 : found->second;
}

bool History::note_vote(PeerId voter, Term term, PeerId candidate) {
  return votes_.try_emplace({voter, term}, candidate).first->second == candidate;
}

void History::note_acknowledged(Index index) {
  last_acknowledged_ = std::max(last_acknowledged_, index);
}

}  // namespace yurt::raft::sim
