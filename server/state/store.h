// StateStore: the live state, kept in memory as Tables and beneath it in RocksDB.
//
// Commands arrive through raft::StateMachine in log order on the apply thread; each batch is
// applied, written to RocksDB (its own WAL off: after a crash the Raft log replays what the last
// flush lacked), published as a new snapshot and told to the listeners. snapshot() may be called
// from any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "raft/consensus.h"
#include "server/state/changes.h"
#include "server/state/snapshot.h"

namespace yurt::server {

class StateStore final : public raft::StateMachine {
 public:
  // Opens or creates the database in `folder` and reads the live state.
  [[nodiscard]] static Result<std::unique_ptr<StateStore>> open(std::filesystem::path folder);
  ~StateStore() override;

  [[nodiscard]] server::Snapshot snapshot() const;

  // Visits the finished runs of `job` (those of its children, for a job that has children), the
  // newest first; of every job of the namespace, in order of job, when `job` is "". Stops when
  // `visit` returns false. Reads the database: slower than a snapshot.
  void each_run(const std::string& ns, const std::string& job,
                const std::function<bool(const model::RunRecord&)>& visit) const;

  // Adds a listener and returns the state it starts from: it is told everything after that, and
  // nothing twice. Not to be called from a listener.
  [[nodiscard]] server::Snapshot subscribe(ChangeListener* listener);
  // After it returns the listener is not called any more.
  void unsubscribe(ChangeListener* listener);

  // raft::StateMachine. The any of each command holds a Result<Applied>.
  [[nodiscard]] raft::Index durable_index() const override;
  [[nodiscard]] std::vector<std::any> apply(std::span<const Committed> batch) override;
  void skip_to(raft::Index index) override;
  [[nodiscard]] Result<StateMachine::Snapshot> take_snapshot(
      const std::filesystem::path& scratch) override;
  [[nodiscard]] Status restore(const std::filesystem::path& folder, raft::Index index) override;

 private:
  class Database;

  StateStore(std::filesystem::path folder, std::unique_ptr<Database> database, Tables tables);
  void publish(const ChangesRef& changes);

  std::filesystem::path folder_;
  mutable std::shared_mutex database_mutex_;  // held alone while restore() changes databases
  std::unique_ptr<Database> database_;
  Tables tables_;  // the apply thread's own

  mutable std::mutex mutex_;  // guards published_
  std::shared_ptr<const Tables> published_;
  std::mutex listeners_mutex_;  // held while listeners are told
  std::vector<ChangeListener*> listeners_;
};

}  // namespace yurt::server
