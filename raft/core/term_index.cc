#include "raft/core/term_index.h"

#include <algorithm>
#include <iterator>

#include "base/assert.h"
#include "raft/core/log_reader.h"

namespace yurt::raft {

TermIndex::TermIndex(LogStart start, Index last, LogReader& reader) : TermIndex(start) {
  Index first = start.index + 1;
  while (first <= last) {
    const Term term = reader.term(first);
    append(first, term);
    // The last entry of this run lies in [low, high].
    Index low = first, high = last;
    while (low < high) {
      const Index middle = low + (high - low + 1) / 2;
      if (reader.term(middle) == term) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    first = low + 1;
  }
}

std::vector<TermIndex::Run>::const_iterator TermIndex::run_of(Index index) const {
  auto after = std::upper_bound(runs_.begin(), runs_.end(), index,
                                [](Index wanted, const Run& run) { return wanted < run.first; });
  YURT_ASSERT(after != runs_.begin());
  return std::prev(after);
}

Term TermIndex::at(Index index) const { return run_of(index)->term; }

Index TermIndex::last_not_above(Index index, Term term) const {
  if (index < runs_.front().first) return index;
  auto run = run_of(index);
  while (run->term > term) {
    index = run->first == 0 ? 0 : run->first - 1;
    if (run == runs_.begin()) return index;
    --run;
  }
  return index;
}

void TermIndex::append(Index index, Term term) {
  YURT_ASSERT(index > runs_.back().first || runs_.size() == 1);
  YURT_ASSERT(term >= runs_.back().term);
  if (term != runs_.back().term) runs_.push_back({index, term});
}

void TermIndex::truncate_from(Index index) {
  YURT_ASSERT(index > runs_.front().first);
  while (runs_.back().first >= index) runs_.pop_back();
}

void TermIndex::cut_to(Index index) {
  const auto run = run_of(index);
  const Term term = run->term;
  runs_.erase(runs_.begin(), run);
  runs_.front() = {index, term};
}

}  // namespace yurt::raft
