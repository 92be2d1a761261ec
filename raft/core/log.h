// Log: the core's view of the replicated log: its bounds, its terms, and the newest entries.
//
// The newest entries stay in memory up to a number of bytes; older ones are read back through the
// LogReader. Entries that are not durable yet are never dropped from memory, whatever their size.
// What has to go to disk is not decided here (core/write_queue.h). Not thread-safe; copyable.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "raft/core/entry.h"
#include "raft/core/term_index.h"

namespace yurt::raft {

class LogReader;

class Log {
 public:
  Log(LogStart start, Index last, LogReader& reader, std::size_t cache_bytes);

  [[nodiscard]] const LogStart& start() const { return start_; }
  [[nodiscard]] Index last_index() const { return last_; }
  [[nodiscard]] Term last_term() const { return terms_.at(last_); }
  // 0 outside start().index ... last_index().
  [[nodiscard]] Term term_at(Index index) const;
  // True when the log holds (or starts at) an entry with this index and term.
  [[nodiscard]] bool matches(Index index, Term term) const;
  // See TermIndex::last_not_above; `index` above the log counts as its end.
  [[nodiscard]] Index last_not_above(Index index, Term term) const;

  // Entries from `first` on, at most up to `last` and `max_bytes`, but at least one; perhaps fewer
  // than would fit. REQUIRES: start().index < first <= last <= last_index()
  [[nodiscard]] std::vector<Entry> read(Index first, Index last, std::size_t max_bytes) const;
  // True when read(first, ...) needs no disk.
  [[nodiscard]] bool in_memory(Index first) const { return first >= cache_first(); }

  // REQUIRES: entry.index == last_index() + 1, its term not below last_term()
  void append(Entry entry);
  // Drops entries from `index` on. REQUIRES: start().index < index <= last_index()
  void truncate_from(Index index);
  // Drops entries up to `index`. REQUIRES: start().index < index <= last_index()
  void cut_to(Index index);
  // Drops everything; the log begins after `start`.
  void reset(LogStart start);

  // Drops what may leave memory: entries up to `durable`, oldest first, while above the bound.
  void evict(Index durable);

  void set_reader(LogReader& reader) { reader_ = &reader; }

 private:
  [[nodiscard]] Index cache_first() const { return last_ + 1 - cache_.size(); }

  LogStart start_;
  Index last_;
  TermIndex terms_;
  std::deque<Entry> cache_;  // the newest entries, up to last_
  std::size_t cached_bytes_ = 0;
  std::size_t cache_limit_bytes_;
  LogReader* reader_;
};

}  // namespace yurt::raft
