// SimServer: one simulated server: a core with its disk, its state machine and its mailbox.
//
// What a shell does, with virtual time. Owned and driven by the Simulator, which fills the mailbox
// and carries messages. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "raft/core/core.h"
#include "raft/sim/sim_disk.h"

namespace yurt::raft::sim {

// A state machine, reduced to how far it is and a hash of all it applied.
struct SimMachine {
  Index index = 0;
  std::uint64_t chain = 0;
};

struct SimSnapshot {
  SnapshotMeta meta;
  SimMachine machine;
};

struct SimServer {
  PeerId id = 0;

  // Survives crashes
  SimDisk disk;
  SimMachine durable_machine;
  std::optional<SnapshotMeta> restored;  // whose log reset may not be on disk yet
  Index ever_applied = 0;
  std::int64_t clock_offset_ns = 0;
  double clock_rate = 1;
  std::int64_t slow_until_ns = 0;  // the disk is slow until then

  // Lost in a crash
  std::uint64_t life = 0;      // counts starts; what was meant for an earlier life is dropped
  std::unique_ptr<Core> core;  // null while down
  std::deque<Event> mailbox;
  bool wake_planned = false;
  bool syncing = false;
  std::int64_t stalled_until_ns = 0;
  Index commit_seen = 0;  // when its output was last carried out; likewise:
  Configuration configuration_seen;
  Index configuration_index = 0;
  SimMachine machine;
  std::deque<Entry> to_apply;
  bool applying = false;
  std::map<Index, SimSnapshot> arrived;  // snapshots received in full, by index
  std::map<PeerId, Index> sending;       // snapshots under way: keep the log from there
  std::map<Index, Term> mine;            // the caller's proposals, not applied yet
  std::map<std::uint64_t, Index> reads;  // token to what was acknowledged when it was asked

  [[nodiscard]] bool up() const { return core != nullptr; }
  [[nodiscard]] std::int64_t local_time(std::int64_t now_ns) const {
    return clock_offset_ns + static_cast<std::int64_t>(static_cast<double>(now_ns) * clock_rate);
  }
};

}  // namespace yurt::raft::sim
