// WriteQueue: what has to go to disk, and what is there already.
//
// Gathers changes into one open Write, hands it out, and learns from Persisted how far the log in
// memory is durable. A notice of an old write does not count for entries that a later write
// truncates, even when an equal entry (same index and term) was appended again since: between the
// two writes the disk holds something else. Not thread-safe; copyable.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "raft/core/output.h"

namespace yurt::raft {

class WriteQueue {
 public:
  // `trust_stale`: Mutations::trust_stale_persisted.
  WriteQueue(Index last_on_disk, bool trust_stale)
      : handed_last_(last_on_disk), durable_(last_on_disk), trust_stale_(trust_stale) {}

  // Each adds to the open write.
  void set_hard_state(HardState state);
  void append(const Entry& entry);
  void truncate_from(Index index);
  void cut_to(LogStart start);                         // entries were dropped up to start.index
  void reset_to(LogStart start, Index first_dropped);  // all were, from first_dropped on
  void set_configurations(std::vector<ConfigurationAt> configurations);

  // Hands out the open write, if there is anything in it.
  [[nodiscard]] std::optional<Write> take();
  // REQUIRES: sequence was handed out and is not below an earlier one
  void persisted(std::uint64_t sequence);

  // How far the log in memory is on disk for good.
  [[nodiscard]] Index durable_index() const { return durable_; }
  [[nodiscard]] std::uint64_t persisted_sequence() const { return persisted_; }
  // What to wait for until the newest hard state, or the whole log in memory, is durable.
  [[nodiscard]] std::uint64_t hard_state_sequence() const { return hard_state_sequence_; }
  [[nodiscard]] std::uint64_t log_sequence() const { return log_sequence_; }

 private:
  struct Pending {
    std::uint64_t sequence;
    Index last;  // its completion makes the log durable up to here; 0: says nothing about it
  };
  [[nodiscard]] std::uint64_t open_sequence() const { return last_sequence_ + 1; }
  void forget_from(Index index);

  Write open_;
  bool dirty_ = false;
  bool reset_ = false;  // the open write replaces the whole log by a start
  std::deque<Pending> pending_;
  std::uint64_t last_sequence_ = 0;  // of the newest write handed out
  std::uint64_t persisted_ = 0;
  std::uint64_t hard_state_sequence_ = 0;
  std::uint64_t log_sequence_ = 0;
  Index handed_last_;  // the last entry on disk once every write handed out is
  Index durable_;
  bool trust_stale_;
};

}  // namespace yurt::raft
