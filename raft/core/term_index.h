// TermIndex: the term of every entry, kept as runs, since terms only grow along the log.
//
// Lets the protocol compare logs without reading entries. Value; not thread-safe. Size: one run for
// each term that wrote entries.
#pragma once

#include <vector>

#include "raft/core/entry.h"

namespace yurt::raft {

class LogReader;

class TermIndex {
 public:
  explicit TermIndex(LogStart start) : runs_{{start.index, start.term}} {}
  // Finds the runs of a stored log by binary search.
  TermIndex(LogStart start, Index last, LogReader& reader);

  // REQUIRES: start <= index <= last
  [[nodiscard]] Term at(Index index) const;
  // The greatest index at or below `index` whose term is at most `term`. Below the start nothing is
  // known: an index from there is returned as it is, and when even the start's term is above
  // `term`, the index before the start.
  [[nodiscard]] Index last_not_above(Index index, Term term) const;

  // REQUIRES: index above all before, term not below any before
  void append(Index index, Term term);
  // REQUIRES: index > start
  void truncate_from(Index index);
  // REQUIRES: start <= index <= last
  void cut_to(Index index);

 private:
  struct Run {
    Index first;
    Term term;
  };
  [[nodiscard]] std::vector<Run>::const_iterator run_of(Index index) const;

  std::vector<Run> runs_;  // never empty; the first begins at the log's start
};

}  // namespace yurt::raft
