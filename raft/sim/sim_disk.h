// SimDisk: a server's disk: what is synced, and the writes that a crash may take back.
//
// Also the LogReader of the server's core; it insists on the LogReader's contract. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "raft/core/log_reader.h"
#include "raft/core/options.h"
#include "raft/core/output.h"
#include "raft/sim/log_image.h"

namespace yurt::raft::sim {

class SimDisk final : public LogReader {
 public:
  // A write enters the queue.
  void hand_in(Write write, const ChainRegistry& registry);
  [[nodiscard]] std::size_t waiting() const { return queue_.size(); }
  // The first `count` waiting writes are synced; the sequence of the last.
  // REQUIRES: 0 < count <= waiting()
  std::uint64_t sync(std::size_t count, const ChainRegistry& registry);
  // Power fails: the first `survive` waiting writes had reached the disk after all, the rest is
  // lost. REQUIRES: survive <= waiting()
  void crash(std::size_t survive, const ChainRegistry& registry);
  // What a server finds at start, but for `applied` and `nonce`.
  [[nodiscard]] CoreState state() const;
  // Finishes the installation of a snapshot whose log reset a crash took back.
  void reset_to(const SnapshotMeta& snapshot, const ChainRegistry& registry);

  // The log once every write is synced (which is the log in the core's memory), and as synced.
  [[nodiscard]] const LogImage& handed() const { return handed_; }
  [[nodiscard]] const LogImage& synced() const { return synced_; }
  [[nodiscard]] const HardState& synced_hard_state() const { return hard_state_; }

  [[nodiscard]] std::vector<Entry> read(Index first, Index last, std::size_t max_bytes) override;
  [[nodiscard]] Term term(Index index) override;

 private:
  void carry_out(const Write& write, const ChainRegistry& registry);
  [[nodiscard]] const Entry& entry(Index index) const;

  HardState hard_state_;
  LogStart start_;
  std::deque<Entry> entries_;
  std::vector<ConfigurationAt> configurations_;
  std::deque<Write> queue_;
  LogImage handed_;
  LogImage synced_;
};

}  // namespace yurt::raft::sim
