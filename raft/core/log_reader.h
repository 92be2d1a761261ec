// LogReader: how the core reads entries that have left its memory.
//
// Implemented by the owner of the disk. Called from within Core's members, on the caller's thread.
#pragma once

#include <cstddef>
#include <vector>

#include "raft/core/entry.h"

namespace yurt::raft {

class LogReader {
 public:
  virtual ~LogReader() = default;

  // The entries first, first + 1, ... up to and including `last`, or fewer: it stops before the
  // entry with which the sum of size_bytes() would pass `max_bytes`, but always returns at least
  // the first. Contiguous, in order.
  //
  // The core asks only for entries reported durable by Persisted, inside the stored log, which no
  // write still on its way to the disk touches; so every one of them exists. An implementation that
  // cannot read them must not return (it ends the process): there is no safe way on without them.
  // Synchronous: `max_bytes` (never above CoreOptions::max_append_bytes or max_apply_bytes)
  // bounds the time it takes.
  [[nodiscard]] virtual std::vector<Entry> read(Index first, Index last, std::size_t max_bytes) = 0;

  // The term of the entry at `index`. Same conditions. Used only while a Core is constructed, a few
  // times for each term in the log (binary search for the borders between terms).
  [[nodiscard]] virtual Term term(Index index) = 0;
};

}  // namespace yurt::raft
