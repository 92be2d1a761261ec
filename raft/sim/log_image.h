// LogImage: what a log holds, reduced to terms and fingerprints, so that logs compare in O(1).
//
// The chain value of an entry is a hash of everything up to and including it: two logs with equal
// chain values at an index are equal up to there. Not thread-safe; copyable.
#pragma once

#include <cstdint>
#include <deque>

#include "raft/core/output.h"

namespace yurt::raft::sim {

// Finds the chain value at the start of a log that began with a snapshot.
class ChainRegistry {
 public:
  virtual ~ChainRegistry() = default;
  [[nodiscard]] virtual std::uint64_t chain_of(Index index, Term term) const = 0;
};

[[nodiscard]] std::uint64_t chain_after(std::uint64_t before, const Entry& entry);

class LogImage {
 public:
  [[nodiscard]] Index start() const { return start_; }
  [[nodiscard]] Index last() const { return start_ + records_.size(); }
  [[nodiscard]] bool holds(Index index) const { return index >= start_ && index <= last(); }
  // REQUIRES: holds(index)
  [[nodiscard]] std::uint64_t chain(Index index) const;
  [[nodiscard]] Term term(Index index) const;

  // Carries out a write as the disk would.
  void apply(const Write& write, const ChainRegistry& registry);

 private:
  struct Record {
    Term term;
    std::uint64_t chain;
  };
  Index start_ = 0;
  Record before_{0, 0};  // at start_
  std::deque<Record> records_;
};

}  // namespace yurt::raft::sim
