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

}  // namespace

// The RocksDB beneath, and which commands its flushed files hold.
class StateStore::Database {
 public:
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& folder) {
    YURT_TRY(make_folders(folder, 0700));
    auto database = std::make_unique<Database>();
    rocksdb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = 64 << 20;
    options.max_write_buffer_number = 4;
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
  database->start_at(tables.index);
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

std::vector<std::any> StateStore::apply(std::span<const Committed> batch) {
  auto changes = std::make_shared<Changes>();
  Transaction transaction(tables_, *changes);
  std::vector<std::any> answers;
  answers.reserve(batch.size());
  for (const Committed& committed : batch) {
    model::Command command;
    // What does not parse was written by a server that is broken or newer in format: stop here
    // rather than let replicas part.
    YURT_ASSERT(command.ParseFromArray(committed.command.data(),
                                       static_cast<int>(committed.command.size())));
    transaction.begin(committed.index, command.time());
    answers.emplace_back(yurt::server::apply(transaction, command));
  }
  transaction.finish();
  changes->index = tables_.index;
  rocksdb::WriteBatch rows;
  write_rows(*changes, tables_, rows);
  if (changes->trim_runs_before != 0) {
    drop_runs(database_->db(), changes->trim_runs_before, rows);
  }
  database_->write(rows, tables_.index);
  publish(changes);
  return answers;
}

void StateStore::skip_to(raft::Index index) {
  if (index <= tables_.index) return;
  tables_.index = index;
  auto changes = std::make_shared<Changes>();
  changes->index = index;
  rocksdb::WriteBatch rows;
  write_rows(*changes, tables_, rows);
  database_->write(rows, index);
  publish(changes);
}

Result<raft::StateMachine::Snapshot> StateStore::take_snapshot(
    const std::filesystem::path& scratch) {
  const auto folder = scratch / "state";
  YURT_TRY(database_->checkpoint(folder));
  return StateMachine::Snapshot{tables_.index, folder};
}

Status StateStore::restore(const std::filesystem::path& folder, raft::Index index) {
  // A crash in here leaves the old state whole, under its own name or the outgoing one (open).
  const auto incoming = folder_.string() + ".incoming";
  const auto outgoing = folder_.string() + ".outgoing";
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
  const std::unique_lock database_lock(database_mutex_);
  database_.reset();
  std::filesystem::remove_all(outgoing, failure);
  std::filesystem::rename(folder_, outgoing, failure);
  if (!failure) std::filesystem::rename(incoming, folder_, failure);
  if (failure) {
    return Error{ErrorCode::io, "cannot put the snapshot in place: " + failure.message()};
  }
  std::filesystem::remove_all(outgoing, failure);
  YURT_ASSIGN(database_, Database::open(folder_));
  YURT_ASSIGN(tables_, load_rows(database_->db()));
  YURT_ASSERT(tables_.index <= index);
  tables_.index = index;
  database_->start_at(index);
  auto changes = std::make_shared<Changes>();
  changes->index = index;
  publish(changes);
  return {};
}

}  // namespace yurt::server
