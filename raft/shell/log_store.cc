#include "raft/shell/log_store.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cstdlib>

#include "base/file.h"
#include "base/log.h"
#include "raft/shell/log_options.h"
#include "raft/shell/wal_damage.h"

namespace yurt::raft {
namespace {

// Just behind every entry's key.
constexpr std::string_view entries_end = "f";

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

Error error_of(const rocksdb::Status& status, const std::string& what) {
  return {status.IsCorruption() ? ErrorCode::corrupt : ErrorCode::io,
          what + ": " + status.ToString()};
}

// Fails when only memory can run out.
Status check(const rocksdb::Status& status, const char* what) {
  if (status.ok()) return {};
  return error_of(status, what);
}

void put_entry(rocksdb::WriteBatch& batch, const Entry& entry) {
  const std::string key = entry_key(entry.index);
  const auto header = encode_entry_header(entry);
  const rocksdb::Slice key_part = slice(key);
  const rocksdb::Slice value_parts[] = {{header.data(), header.size()}, slice(entry.bytes())};
  batch.Put(rocksdb::SliceParts(&key_part, 1), rocksdb::SliceParts(value_parts, 2));
}

void add_to(rocksdb::WriteBatch& batch, const Write& write) {
  if (write.hard_state) batch.Put(slice(hard_state_key), encode_hard_state(*write.hard_state));
  if (write.truncate_from != 0) {
    batch.DeleteRange(entry_key(write.truncate_from), slice(entries_end));
  }
  if (write.start) {
    batch.DeleteRange(entry_key(0), entry_key(write.start->index + 1));
    batch.Put(slice(start_key), encode_start(*write.start));
  }
  for (const Entry& entry : write.entries) put_entry(batch, entry);
  if (write.configurations) {
    batch.Put(slice(configurations_key), encode_configurations(*write.configurations));
  }
}

rocksdb::WriteOptions synced(bool sync = true) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  return options;
}

[[noreturn]] void end_process(const Error& error) {
  YURT_LOG(error, "raft", "ending the process, the log cannot be read: {}", error.message);
  std::abort();
}

}  // namespace

LogStore::LogStore(std::unique_ptr<rocksdb::DB> db) : db_(std::move(db)) {}
LogStore::~LogStore() = default;

Result<std::unique_ptr<LogStore>> LogStore::open(const std::filesystem::path& folder,
                                                 rocksdb::Env* env) {
  YURT_TRY(make_folders(folder, 0700));
  rocksdb::Options options = log_options(env);
  rocksdb::DB* raw = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(options, folder.string(), &raw);
  if (status.IsCorruption()) {
    YURT_ASSIGN(const WalDamage damage, examine_wal(folder));
    if (damage == WalDamage::torn_tail) {
      YURT_LOG(warn, "raft", "dropping the torn last write of the log in {}: {}", folder.string(),
               status.ToString());
      options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
      status = rocksdb::DB::Open(options, folder.string(), &raw);
    }
  }
  if (!status.ok()) return error_of(status, "cannot open the log in " + folder.string());
  std::unique_ptr<LogStore> store(new LogStore(std::unique_ptr<rocksdb::DB>(raw)));
  if (Status recovered = store->recover(); !recovered.ok()) {
    return recovered.error().within("cannot use the log in " + folder.string());
  }
  return store;
}

Status LogStore::recover() {
  YURT_TRY(recover_marks());
  return check_entries();
}

Status LogStore::recover_marks() {
  std::string value;
  const auto read = [&](std::string_view key, const auto& take) -> Status {
    const rocksdb::Status status = db_->Get({}, slice(key), &value);
    if (status.IsNotFound()) return {};
    if (!status.ok()) return error_of(status, "cannot read " + std::string(key));
    return take();
  };
  YURT_TRY(read(hard_state_key, [&]() -> Status {
    YURT_ASSIGN(recovered_.hard_state, decode_hard_state(value));
    return {};
  }));
  YURT_TRY(read(start_key, [&]() -> Status {
    YURT_ASSIGN(recovered_.start, decode_start(value));
    return {};
  }));
  YURT_TRY(read(configurations_key, [&]() -> Status {
    YURT_ASSIGN(recovered_.configurations, decode_configurations(value));
    return {};
  }));
  return read(install_key, [&]() -> Status {
    YURT_ASSIGN(recovered_.install, decode_install(value));
    return {};
  });
}

Status LogStore::check_entries() {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 2 << 20;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options));
  Index expected = recovered_.start.index + 1;
  Term newest = recovered_.start.term;
  for (at->Seek(entry_key(0)); at->Valid(); at->Next()) {
    const std::optional<Index> index = index_of_key(view(at->key()));
    if (!index) break;
    if (*index != expected) {
      return Error{ErrorCode::corrupt, "expected log entry " + std::to_string(expected) +
                                           ", found " + std::to_string(*index)};
    }
    YURT_ASSIGN(const Entry entry, decode_entry(*index, view(at->value())));
    if (entry.term < newest) {
      return Error{ErrorCode::corrupt, "log entry " + std::to_string(*index) + " is of term " +
                                           std::to_string(entry.term) + ", after one of term " +
                                           std::to_string(newest)};
    }
    newest = entry.term;
    ++expected;
  }
  YURT_TRY(check(at->status(), "cannot read the log"));
  recovered_.last_index = expected - 1;
  if (newest > recovered_.hard_state.term) {
    return Error{ErrorCode::corrupt, "the log holds an entry of term " + std::to_string(newest) +
                                         ", but the record of the newest term says " +
                                         std::to_string(recovered_.hard_state.term)};
  }
  return {};
}

Status LogStore::write(std::span<const Write> writes) {
  rocksdb::WriteBatch batch;
  bool sync = false;
  Index cut = 0;
  for (const Write& write : writes) {
    add_to(batch, write);
    sync = sync || write.must_sync();
    if (write.start) cut = write.start->index;
  }
  YURT_TRY(check(db_->Write(synced(sync), &batch), "cannot write the log"));
  if (cut != 0) drop_files_up_to(cut);
  return {};
}

// Gives whole files back at once; the rest is left to compaction.
void LogStore::drop_files_up_to(Index index) {
  const std::string first = entry_key(0);
  const std::string last = entry_key(index);
  const rocksdb::Slice begin = slice(first);
  const rocksdb::Slice end = slice(last);
  const rocksdb::Status status =
      rocksdb::DeleteFilesInRange(db_.get(), db_->DefaultColumnFamily(), &begin, &end);
  if (!status.ok()) {
    YURT_LOG(warn, "raft", "cannot delete old log files yet: {}", status.ToString());
  }
}

Result<std::vector<Entry>> LogStore::read_entries(Index first, Index last,
                                                  std::size_t max_bytes) const {
  std::vector<Entry> entries;
  std::size_t bytes = 0;
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::string end = entry_key(last + 1);
  const rocksdb::Slice bound = slice(end);
  options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options));
  Index expected = first;
  for (at->Seek(entry_key(first)); at->Valid(); at->Next(), ++expected) {
    if (index_of_key(view(at->key())) != expected) break;
    YURT_ASSIGN(Entry entry, decode_entry(expected, view(at->value())));
    bytes += size_bytes(entry);
    if (bytes > max_bytes && !entries.empty()) return entries;
    entries.push_back(std::move(entry));
  }
  YURT_TRY(check(at->status(), "cannot read the log"));
  if (expected != last + 1) {
    return Error{ErrorCode::corrupt, "log entry " + std::to_string(expected) + " is missing"};
  }
  return entries;
}

Result<Term> LogStore::read_term(Index index) const {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = db_->Get({}, db_->DefaultColumnFamily(), entry_key(index), &value);
  if (status.IsNotFound()) {
    return Error{ErrorCode::corrupt, "log entry " + std::to_string(index) + " is missing"};
  }
  if (!status.ok()) return error_of(status, "cannot read the log");
  return decode_entry_term(index, view(value));
}

std::vector<Entry> LogStore::read(Index first, Index last, std::size_t max_bytes) {
  Result<std::vector<Entry>> entries = read_entries(first, last, max_bytes);
  if (!entries.ok()) end_process(entries.error());
  return std::move(entries).value();
}

Term LogStore::term(Index index) {
  const Result<Term> found = read_term(index);
  if (!found.ok()) end_process(found.error());
  return *found;
}

Status LogStore::begin_install(const PendingInstall& install) {
  return check(db_->Put(synced(), slice(install_key), encode_install(install)),
               "cannot write the log");
}

Status LogStore::forget_install() {
  return check(db_->Delete(synced(), slice(install_key)), "cannot write the log");
}

Status LogStore::finish_install(const SnapshotMeta& snapshot) {
  bool agrees = false;
  if (snapshot.index > recovered_.start.index && snapshot.index <= recovered_.last_index) {
    YURT_ASSIGN(const Term term, read_term(snapshot.index));
    agrees = term == snapshot.term;
  }
  Write write;
  if (!agrees) write.truncate_from = snapshot.index + 1;
  write.start = LogStart{snapshot.index, snapshot.term};
  std::vector<ConfigurationAt> configurations{{snapshot.index, snapshot.configuration}};
  if (agrees) {
    for (const ConfigurationAt& at : recovered_.configurations) {
      if (at.index > snapshot.index) configurations.push_back(at);
    }
  }
  write.configurations = configurations;
  if (recovered_.hard_state.term < snapshot.term) write.hard_state = HardState{snapshot.term, 0};
  rocksdb::WriteBatch batch;
  add_to(batch, write);
  batch.Delete(slice(install_key));
  YURT_TRY(check(db_->Write(synced(), &batch), "cannot write the log"));
  recovered_.start = *write.start;
  if (!agrees) recovered_.last_index = snapshot.index;
  recovered_.configurations = std::move(configurations);
  if (write.hard_state) recovered_.hard_state = *write.hard_state;
  recovered_.install.reset();
  return {};
}

Result<std::optional<std::string>> LogStore::read_mark(std::string_view key) const {
  std::string value;
  const rocksdb::Status status = db_->Get({}, slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return error_of(status, "cannot read " + std::string(key));
  YURT_ASSIGN(std::string bytes, open_mark(key, value));
  return std::optional<std::string>(std::move(bytes));
}

Status LogStore::write_mark(std::string_view key, std::string_view bytes) {
  return check(db_->Put(synced(), slice(key), seal_mark(bytes)), "cannot write the log");
}

}  // namespace yurt::raft
