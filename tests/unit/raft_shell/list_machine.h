// ListMachine: a state machine for tests that remembers every command. Its store is one file, so
// what is durable survives the object, and a snapshot is a copy of that file.
//
// Thread-safe: tests look while the apply thread works.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "raft/consensus.h"

namespace yurt::raft::testing {

class ListMachine final : public StateMachine {
 public:
  // `folder` is the machine's own store.
  explicit ListMachine(std::filesystem::path folder);

  [[nodiscard]] Index durable_index() const override;
  [[nodiscard]] std::vector<std::any> apply(std::span<const Committed> batch) override;
  void skip_to(Index index) override;
  [[nodiscard]] Result<Snapshot> take_snapshot(const std::filesystem::path& scratch) override;
  [[nodiscard]] Status restore(const std::filesystem::path& folder, Index index) override;

  [[nodiscard]] std::vector<std::string> commands() const;
  [[nodiscard]] Index index() const;
  [[nodiscard]] int restores() const;
  // Waits until `holds` of the commands applied so far.
  void wait_for(const std::function<bool(const std::vector<std::string>&)>& holds) const;
  void wait_for_count(std::size_t count) const;
  // From now on each applied batch is made durable at once.
  void save_every_batch();
  // The next restore() fails.
  void fail_next_restore();

 private:
  [[nodiscard]] Status save();  // REQUIRES: mutex_ held
  void load(const std::filesystem::path& file);

  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> commands_;
  Index index_ = 0;
  Index durable_ = 0;
  int restores_ = 0;
  bool save_every_batch_ = false;
  bool fail_next_restore_ = false;
};

}  // namespace yurt::raft::testing
