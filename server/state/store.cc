#include "server/state/store.h"

#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <deque>

#include "base/assert.h"
#include "base/file.h"
#include "base/log.h"
#include "proto/batch.pb.h"
#include "proto/command.pb.h"
#include "proto/state.pb.h"
#include "server/state/apply.h"
#include "server/state/row_keys.h"
#include "server/state/rows.h"
#include "server/state/staged_rows.h"

namespace yurt::server {
namespace {

// A crash replays at most about this many commands.
constexpr std::uint64_t flush_after_commands = 50'000;

Error database_error(const std::string& what, const rocksdb::Status& status) {
  return {status.IsCorruption() ? ErrorCode::corrupt : ErrorCode::io,
          what + ": " + status.ToString()};
}

// Visits the rows of runs whose key starts with `prefix` until `visit` returns false.
template <typename Visit>
void scan_runs(rocksdb::DB& db, const std::string& prefix, Visit visit) {
  const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator(rocksdb::ReadOptions()));
  for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) {
    model::RunRecord run;
    const rocksdb::Slice value = at->value();
    if (!run.ParseFromArray(value.data(), static_cast<int>(value.size()))) continue;
    if (!visit(at->key(), run)) return;
  }
}

void drop_runs(rocksdb::DB& db, std::int64_t finished_before, rocksdb::WriteBatch& rows) {
  scan_runs(db, row::key(row::run, ""), [&](const auto& key, const model::RunRecord& run) {
    if (run.finished_at() < finished_before) rows.Delete(key);
    return true;
  });
}

// Agents that hold a newer word about an allocation than the restored one would not listen: what
// may still run is told anew, and they answer with what became of it.
void tell_agents_again(Transaction& transaction) {
  std::vector<AllocRef> live;
  transaction.tables().allocs.each([&](const AllocId&, const AllocRef& alloc) {
    if (!alloc->client_terminal()) live.push_back(alloc);
    return true;
  });
  for (const AllocRef& alloc : live) {
    auto changed = std::make_shared<Allocation>(*alloc);
    changed->alloc_modify_index = transaction.index();
    transaction.put_alloc(std::move(changed));
  }
}

}  // namespace

// The RocksDB beneath, and which commands its flushed files hold.
class StateStore::Database {
 public:
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& folder) {
    YURT_TRY(make_folders(folder, 0700));
    auto database = std::make_unique<Database>();
    rocksdb::Options options;
    options.create_if_missing = true;
    // What is in a buffer is in the live tables too, and is what a crash replays: small ones. Runs
    // of them are merged less often for it.
    options.write_buffer_size = 16 << 20;
    options.max_write_buffer_number = 4;
    options.level0_file_num_compaction_trigger = 8;
    options.compression = rocksdb::kLZ4Compression;
    options.keep_log_file_num = 4;
    options.max_open_files = 512;
    options.listeners.push_back(database->flushes_);
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(options, folder.string(), &db);
    if (!status.ok()) {
      return database_error("cannot open the state database in " + folder.string(), status);
    }
    database->db_.reset(db);
    return database;
  }

  [[nodiscard]] rocksdb::DB& db() { return *db_; }

  void write(rocksdb::WriteBatch& batch, std::uint64_t index) {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    const rocksdb::Status status = db_->Write(options, &batch);
    if (!status.ok()) {
      // Going on would let memory and disk part; the log still has everything.
      YURT_LOG(error, "state", "cannot write to the state database: {}", status.ToString());
      assertion_failed("state database takes writes", __FILE__, __LINE__);
    }
    flushes_->note_written(db_->GetLatestSequenceNumber(), index);
    if (index - flush_asked_ >= flush_after_commands) {
      flush_asked_ = index;
      rocksdb::FlushOptions flush;
      flush.wait = false;
      db_->Flush(flush).PermitUncheckedError();
    }
  }

  void start_at(std::uint64_t index) {
    flush_asked_ = index;
    flushes_->set_durable(index);
  }

  [[nodiscard]] std::uint64_t durable_index() const { return flushes_->durable(); }

  // Makes everything written durable.
  Status flush() {
    const rocksdb::Status status = db_->Flush(rocksdb::FlushOptions());
    if (!status.ok()) return database_error("cannot flush the state database", status);
    return {};
  }

  Status checkpoint(const std::filesystem::path& folder) {
    rocksdb::Checkpoint* raw = nullptr;
    rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &raw);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
    if (status.ok()) status = checkpoint->CreateCheckpoint(folder.string());
    if (!status.ok()) return database_error("cannot take a snapshot", status);
    return {};
  }

 private:
  // Learns from RocksDB's flushes up to which command the files on disk are complete.
  class Flushes final : public rocksdb::EventListener {
   public:
    void note_written(std::uint64_t sequence, std::uint64_t index) {
      std::lock_guard lock(mutex_);
      written_.emplace_back(sequence, index);
    }
    void set_durable(std::uint64_t index) {
      std::lock_guard lock(mutex_);
      durable_ = index;
      written_.clear();
    }
    [[nodiscard]] std::uint64_t durable() const {
      std::lock_guard lock(mutex_);
      return durable_;
    }
    void OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo& info) override {
      std::lock_guard lock(mutex_);
      while (!written_.empty() && written_.front().first <= info.largest_seqno) {
        durable_ = written_.front().second;
        written_.pop_front();
      }
    }

   private:
    mutable std::mutex mutex_;
    std::deque<std::pair<std::uint64_t, std::uint64_t>> written_;  // sequence, command index
    std::uint64_t durable_ = 0;
  };

  std::shared_ptr<Flushes> flushes_ = std::make_shared<Flushes>();
  std::unique_ptr<rocksdb::DB> db_;
  std::uint64_t flush_asked_ = 0;
};

Result<std::unique_ptr<StateStore>> StateStore::open(std::filesystem::path folder) {
  // A crash within restore(): the old state is still whole, and the snapshot will come again.
  const std::filesystem::path outgoing = folder.string() + ".outgoing";
  std::error_code failure;
  if (!std::filesystem::exists(folder, failure) && std::filesystem::exists(outgoing, failure)) {
    std::filesystem::rename(outgoing, folder, failure);
    if (failure) {
      return Error{ErrorCode::io,
                   "cannot put back " + outgoing.string() + ": " + failure.message()};
    }
  }
  YURT_ASSIGN(auto database, Database::open(folder));
  YURT_ASSIGN(Tables tables, load_rows(database->db()));
  database->start_at(tables.index - tables.index_offset);
  return std::unique_ptr<StateStore>(
      new StateStore(std::move(folder), std::move(database), std::move(tables)));
}

StateStore::StateStore(std::filesystem::path folder, std::unique_ptr<Database> database,
                       Tables tables)
    : folder_(std::move(folder)),
      database_(std::move(database)),
      tables_(std::move(tables)),
      published_(std::make_shared<const Tables>(tables_)) {}

StateStore::~StateStore() = default;

server::Snapshot StateStore::snapshot() const {
  std::lock_guard lock(mutex_);
  return server::Snapshot(published_);
}

server::Snapshot StateStore::subscribe(ChangeListener* listener) {
  std::lock_guard lock(listeners_mutex_);
  listeners_.push_back(listener);
  return snapshot();
}

void StateStore::unsubscribe(ChangeListener* listener) {
  std::lock_guard lock(listeners_mutex_);
  std::erase(listeners_, listener);
}

void StateStore::each_run(const std::string& ns, const std::string& job,
                          const std::function<bool(const model::RunRecord&)>& visit) const {
  const std::string prefix =
      job.empty() ? row::named_key(row::run, ns, "") : row::run_prefix(ns, job);
  const std::shared_lock lock(database_mutex_);
  scan_runs(database_->db(), prefix,
            [&](const auto&, const model::RunRecord& run) { return visit(run); });
}

raft::Index StateStore::durable_index() const { return database_->durable_index(); }

void StateStore::publish(const ChangesRef& changes) {
  // Both under one lock, so that a new listener starts exactly where its snapshot ends.
  std::lock_guard listeners_lock(listeners_mutex_);
  {
    std::lock_guard lock(mutex_);
    published_ = std::make_shared<const Tables>(tables_);
  }
  for (ChangeListener* listener : listeners_) listener->on_changes(changes);
}

Status StateStore::each_row(
    const std::function<Status(std::string_view, std::string_view)>& visit) const {
  const std::shared_lock lock(database_mutex_);
  return yurt::server::each_row(database_->db(), visit);
}

std::vector<std::any> StateStore::apply(std::span<const Committed> batch) {
  std::vector<std::any> answers;
  answers.reserve(batch.size());
  while (answers.size() < batch.size()) apply_some(batch.subspan(answers.size()), answers);
  return answers;
}

void StateStore::apply_some(std::span<const Committed> batch, std::vector<std::any>& answers) {
  auto changes = std::make_shared<Changes>();
  Transaction transaction(tables_, *changes);
  model::Command command;
  std::size_t done = 0;
  for (; done < batch.size(); ++done) {
    const Committed& committed = batch[done];
    // What does not parse was written by a server that is broken or newer in format: stop here
    // rather than let replicas part.
    YURT_ASSERT(command.ParseFromArray(committed.command.data(),
                                       static_cast<int>(committed.command.size())));
    if (command.has_restore_state()) break;
    transaction.begin(committed.index + tables_.index_offset, command.time(),
                      static_cast<int>(command.kind_case()));
    answers.emplace_back(yurt::server::apply(transaction, command));
  }
  if (done > 0) {
    transaction.finish();
    rocksdb::WriteBatch rows;
    if (changes->trim_runs_before != 0) {
      drop_runs(database_->db(), changes->trim_runs_before, rows);
    }
    write(std::move(changes), rows, batch[done - 1].index);
  }
  if (done < batch.size()) answers.emplace_back(apply_restore(batch[done].index, command));
}

void StateStore::write(std::shared_ptr<Changes> changes, rocksdb::WriteBatch& rows,
                       raft::Index index) {
  changes->index = tables_.index;
  write_rows(*changes, tables_, rows);
  database_->write(rows, index);
  publish(changes);
}

void StateStore::skip_to(raft::Index index) {
  if (index + tables_.index_offset <= tables_.index) return;
  tables_.index = index + tables_.index_offset;
  rocksdb::WriteBatch rows;
  write(std::make_shared<Changes>(), rows, index);
}

Result<raft::StateMachine::Snapshot> StateStore::take_snapshot(
    const std::filesystem::path& scratch) {
  const auto folder = scratch / "state";
  YURT_TRY(database_->checkpoint(folder));
  return StateMachine::Snapshot{tables_.index - tables_.index_offset, folder};
}

Status StateStore::put_in_place(const std::string& incoming) {
  // A crash in here leaves the old state whole, under its own name or the outgoing one (open).
  const auto outgoing = folder_.string() + ".outgoing";
  std::error_code failure;
  const std::unique_lock database_lock(database_mutex_);
  database_.reset();
  std::filesystem::remove_all(outgoing, failure);
  std::filesystem::rename(folder_, outgoing, failure);
  if (!failure) std::filesystem::rename(incoming, folder_, failure);
  if (failure) {
    return Error{ErrorCode::io, "cannot put the snapshot in place: " + failure.message()};
  }
  // The log is cut behind the new state: it must not be the old one again after a power failure.
  YURT_TRY(sync_folder(folder_.parent_path()));
  std::filesystem::remove_all(outgoing, failure);
  YURT_ASSIGN(database_, Database::open(folder_));
  return {};
}

Status StateStore::restore(const std::filesystem::path& folder, raft::Index index) {
  const auto incoming = folder_.string() + ".incoming";
  std::error_code failure;
  std::filesystem::remove_all(incoming, failure);
  // Links, not copies: the files are synced already and RocksDB never changes a file in place.
  std::filesystem::copy(
      folder, incoming,
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::create_hard_links,
      failure);
  if (failure) {
    return Error{ErrorCode::io,
                 "cannot copy the snapshot to " + incoming + ": " + failure.message()};
  }
  YURT_TRY(put_in_place(incoming));
  YURT_ASSIGN(tables_, load_rows(database_->db()));
  YURT_ASSERT(tables_.index <= index + tables_.index_offset);
  tables_.index = index + tables_.index_offset;
  database_->start_at(index);
  auto changes = std::make_shared<Changes>();
  changes->index = tables_.index;
  changes->replaced = true;
  publish(changes);
  return {};
}

Result<Applied> StateStore::apply_restore(raft::Index index, const model::Command& command) {
  const model::RestoreState& restore = command.restore_state();
  rocksdb::WriteBatch rows;
  Status status;
  if (restore.last()) {
    status = replace_state(index, command);
    if (status.ok()) return Applied{.index = tables_.index};
    drop_staged_rows(rows);
  } else {
    status = stage_rows(database_->db(), restore, rows);
  }
  tables_.index = index + tables_.index_offset;
  write(std::make_shared<Changes>(), rows, index);
  if (!status.ok()) return status.error();
  return Applied{.index = tables_.index};
}

Status StateStore::replace_state(raft::Index index, const model::Command& command) {
  const auto incoming = folder_.string() + ".incoming";
  std::error_code failure;
  std::filesystem::remove_all(incoming, failure);
  auto changes = std::make_shared<Changes>();
  Tables restored;
  const auto fill = [&]() -> Status {
    YURT_ASSIGN(const auto fresh, Database::open(incoming));
    YURT_TRY(copy_staged_rows(database_->db(), command.restore_state(), fresh->db()));
    YURT_ASSIGN(restored, load_rows(fresh->db()));
    // Past every index of both histories.
    const std::uint64_t needed = restored.index + 1 > index ? restored.index + 1 - index : 0;
    restored.index_offset = std::max(tables_.index_offset, needed);
    Transaction transaction(restored, *changes);
    transaction.begin(index + restored.index_offset, command.time());
    tell_agents_again(transaction);
    transaction.finish();
    // Everything has changed for whoever waits for a change.
    restored.table_index.fill(restored.index);
    rocksdb::WriteBatch rows;
    write_rows(*changes, restored, rows);
    fresh->write(rows, index);
    return fresh->flush();
  };
  if (Status filled = fill(); !filled.ok()) {
    std::filesystem::remove_all(incoming, failure);
    // Where one server's disk fails the others go on: it must not answer for them.
    if (filled.error().code == ErrorCode::io) {
      YURT_LOG(error, "state", "cannot restore: {}", filled.error().message);
      assertion_failed("state database takes a restored state", __FILE__, __LINE__);
    }
    return filled;
  }
  if (const Status placed = put_in_place(incoming); !placed.ok()) {
    YURT_LOG(error, "state", "cannot restore: {}", placed.error().message);
    assertion_failed("restored state is put in place", __FILE__, __LINE__);
  }
  tables_ = std::move(restored);
  database_->start_at(index);
  YURT_LOG(info, "state", "restored a snapshot: {} jobs, {} nodes, {} allocations",
           tables_.jobs.size(), tables_.nodes.size(), tables_.allocs.size());
  auto told = std::make_shared<Changes>();
  told->index = tables_.index;
  told->replaced = true;
  publish(told);
  return {};
}

}  // namespace yurt::server
