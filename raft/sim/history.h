// History: all that ever happened in a simulated cluster and bears on the invariants.
//
// Written by the simulator as servers act; read by the invariants. Outlives crashes: what a server
// forgot, the history remembers. Not thread-safe; copyable.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "raft/core/output.h"
#include "raft/sim/log_image.h"

namespace yurt::raft::sim {

class History final : public ChainRegistry {
 public:
  struct Committed {
    Term term = 0;  // of the entry
    std::uint64_t chain = 0;
    Term known_in = 0;  // the term of the server that first knew it committed
  };

  // Every entry that was ever in any log: (index, term) to chain value. False when another entry
  // was there under the same index and term.
  bool note_entry(Index index, Term term, std::uint64_t chain);
  [[nodiscard]] std::uint64_t chain_of(Index index, Term term) const override;

  // The committed log, as the servers found out. False when it contradicts what was known.
  bool note_commit(Index index, const Committed& committed);
  [[nodiscard]] const std::map<Index, Committed>& committed() const { return committed_; }
  // The last index known to be committed by a server of a term below `term`; 0: none.
  [[nodiscard]] Index last_committed_before(Term term) const;

  // False when `term` already had another leader.
  bool note_leader(Term term, PeerId leader);
  // 0 when none was seen.
  [[nodiscard]] PeerId leader_of(Term term) const;

  // False when `voter` already gave its vote in `term` to another candidate.
  bool note_vote(PeerId voter, Term term, PeerId candidate);

  // A client was told that its write is done, at `index`.
  void note_acknowledged(Index index);
  [[nodiscard]] Index last_acknowledged() const { return last_acknowledged_; }

 private:
  std::map<std::pair<Index, Term>, std::uint64_t> entries_;
  std::map<Index, Committed> committed_;
  std::map<Term, Index> last_committed_in_;  // by Committed::known_in
  std::map<Term, PeerId> leaders_;
  std::map<std::pair<PeerId, Term>, PeerId> votes_;
  Index last_acknowledged_ = 0;
};

}  // namespace yurt::raft::sim
