// LogStore: the Raft log on disk, in a RocksDB of its own.
//
// write() is what the consensus core's Output::write becomes: one atomic batch, synced. Entries are
// checked against their checksums whenever they are read, and all of them when the store is opened.
//
// Thread-safety: write() from one thread at a time; everything else from any thread at any time.
// Errors: corrupt when synced data is missing or is not what was written (see wal_damage.h for how
// a torn last write is told apart and dropped); io when the disk refuses. After a failed write()
// nothing more may be written, since what the disk holds is unknown: the owner must stop.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "raft/core/log_reader.h"
#include "raft/core/output.h"
#include "raft/shell/log_record.h"

namespace rocksdb {
class DB;
class Env;
}  // namespace rocksdb

namespace yurt::raft {

class LogStore final : public LogReader {
 public:
  struct Recovered {
    HardState hard_state;
    LogStart start;
    Index last_index = 0;
    std::vector<ConfigurationAt> configurations;
    std::optional<PendingInstall> install;
  };

  // Opens or creates the store. `env`: the operating system to use, not owned; null: the real one.
  [[nodiscard]] static Result<std::unique_ptr<LogStore>> open(const std::filesystem::path& folder,
                                                              rocksdb::Env* env = nullptr);
  ~LogStore() override;

  // What the disk held when the store was opened.
  [[nodiscard]] const Recovered& recovered() const { return recovered_; }

  // Makes all of `writes` durable, in order, as one step.
  [[nodiscard]] Status write(std::span<const Write> writes);

  // The contiguous entries from `first` to `last` or until `max_bytes`, as LogReader says.
  [[nodiscard]] Result<std::vector<Entry>> read_entries(Index first, Index last,
                                                        std::size_t max_bytes) const;
  [[nodiscard]] Result<Term> read_term(Index index) const;

  // LogReader. End the process when the log cannot be read, as LogReader asks.
  [[nodiscard]] std::vector<Entry> read(Index first, Index last, std::size_t max_bytes) override;
  [[nodiscard]] Term term(Index index) override;

  // Remembers that the snapshot is about to replace the state machine's state.
  [[nodiscard]] Status begin_install(const PendingInstall& install);
  [[nodiscard]] Status forget_install();
  // Makes the log begin behind the snapshot and forgets the install, as one step. Keeps the entries
  // behind it when the log agrees with the snapshot (thesis §5, fig. 5.3, step 6).
  [[nodiscard]] Status finish_install(const SnapshotMeta& snapshot);

  // A small named record beside the log; nullopt when there is none.
  [[nodiscard]] Result<std::optional<std::string>> read_mark(std::string_view key) const;
  [[nodiscard]] Status write_mark(std::string_view key, std::string_view bytes);

 private:
  explicit LogStore(std::unique_ptr<rocksdb::DB> db);

  [[nodiscard]] Status recover();
  [[nodiscard]] Status recover_marks();
  [[nodiscard]] Status check_entries();
  void drop_files_up_to(Index index);

  std::unique_ptr<rocksdb::DB> db_;
  Recovered recovered_;
};

}  // namespace yurt::raft
