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
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "raft/consensus.h"
#include "server/state/applied.h"
#include "server/state/changes.h"
#include "server/state/snapshot.h"

namespace rocksdb {
class WriteBatch;
}
namespace yurt::model {
class Command;
}

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

  // Visits every row of the database as it is at this moment; server/state/row_keys.h says what
  // keys are. Slower than a snapshot, and complete.
  [[nodiscard]] Status each_row(
      const std::function<Status(std::string_view key, std::string_view value)>& visit) const;

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
  // Writes `rows` and what `changes` changed, and publishes. The log's index is `index`.
  void write(std::shared_ptr<Changes> changes, rocksdb::WriteBatch& rows, raft::Index index);
  // Applies commands up to the first that concerns the state as a whole, and that one.
  void apply_some(std::span<const Committed> batch, std::vector<std::any>& answers);
  [[nodiscard]] Result<Applied> apply_restore(raft::Index index, const model::Command& command);
  [[nodiscard]] Status replace_state(raft::Index index, const model::Command& command);
  // Makes the database in `incoming` the one in use. After an error there is none.
  [[nodiscard]] Status put_in_place(const std::string& incoming);

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
