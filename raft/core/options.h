// CoreOptions: a core's limits and times; CoreState: what it starts from. Values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "raft/core/configuration.h"
#include "raft/core/entry.h"

namespace yurt::raft {

// All times in nanoseconds.
struct CoreOptions {
  PeerId self = 0;
  std::int64_t heartbeat_ns = 50'000'000;
  std::int64_t election_timeout_ns = 250'000'000;  // the least; drawn up to twice this
  std::size_t max_append_bytes = 1 << 20;          // of entries in one append message
  std::size_t max_inflight_appends = 64;           // unacknowledged append messages per peer
  std::size_t max_inflight_bytes = 8 << 20;        // of entries in them, per peer
  std::size_t max_uncommitted_bytes = 64 << 20;    // a leader refuses proposals above this
  std::size_t max_apply_bytes = 8 << 20;           // handed out in Output::committed, not applied
  std::size_t log_cache_bytes = 64 << 20;          // of newest entries kept in memory

  // Reads without a round of messages while a majority has answered within an election timeout
  // (thesis §6.4.1). Sound only if no server's steady clock runs faster than another's by more than
  // the bound, and counts the time a suspended machine sleeps.
  bool lease_reads = false;
  std::int64_t max_clock_drift_per_mille = 10;
};

// What the disk holds when a server starts.
struct CoreState {
  HardState hard_state;
  LogStart start;
  Index last_index = 0;                         // start.index when the log is empty
  std::vector<ConfigurationAt> configurations;  // as last given in Write::configurations
  // The state machine's durable index: those entries are not handed out again. Must lie within
  // start.index and last_index. (A received snapshot that was announced by Output::install and not
  // yet answered must be either installed in full, log included, or forgotten before starting.)
  Index applied = 0;
  // Random, different at every start: tells answers to this run's reads from an earlier run's.
  std::uint64_t nonce = 0;
};

}  // namespace yurt::raft
