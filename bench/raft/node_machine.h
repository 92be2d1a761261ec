// NodeMachine: remembers which numbered commands were applied, so that a benchmark can prove that
// none of those acknowledged is missing. In memory only: a restart replays the whole log.
//
// A command is {server, run, number} (three little-endian uint64) and padding. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "raft/consensus.h"

namespace yurt::bench {

struct CommandId {
  std::uint64_t server = 0;
  std::uint64_t run = 0;  // of that server's process
  std::uint64_t number = 0;
};

// `size_bytes` is at least 24.
[[nodiscard]] std::string make_command(const CommandId& id, std::size_t size_bytes);

class NodeMachine final : public raft::StateMachine {
 public:
  [[nodiscard]] raft::Index durable_index() const override { return 0; }
  [[nodiscard]] std::vector<std::any> apply(std::span<const Committed> batch) override;
  void skip_to(raft::Index index) override { static_cast<void>(index); }
  [[nodiscard]] Result<Snapshot> take_snapshot(const std::filesystem::path& scratch) override;
  [[nodiscard]] Status restore(const std::filesystem::path& folder, raft::Index index) override;

  [[nodiscard]] bool has(const CommandId& id) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<bool>> applied_;
};

}  // namespace yurt::bench
