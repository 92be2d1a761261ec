#include "server/state/staged_rows.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <memory>

#include "proto/command.pb.h"
#include "server/state/row_keys.h"

namespace yurt::server {
namespace {

std::string staged_key(const std::string& restore, std::uint64_t part) {
  std::string out = row::key(row::staged, restore);
  row::append_big_endian(out, part);
  return out;
}

Error overtaken() {
  return {ErrorCode::conflict, "another snapshot is being restored: start again when it is done"};
}

// Takes the length-prefixed field at the front of `bytes`; false when there is none whole.
bool take_field(std::string_view& bytes, std::string_view& field) {
  if (bytes.size() < 4) return false;
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  if (bytes.size() - 4 < length) return false;
  field = bytes.substr(4, length);
  bytes.remove_prefix(4 + length);
  return true;
}

Status copy_part(std::string_view rows, rocksdb::DB& to) {
  rocksdb::WriteBatch batch;
  while (!rows.empty()) {
    std::string_view key, value;
    if (!take_field(rows, key) || !take_field(rows, value) || key.empty()) {
      return Error{ErrorCode::corrupt, "the snapshot is not made of rows"};
    }
    batch.Put(rocksdb::Slice(key.data(), key.size()), rocksdb::Slice(value.data(), value.size()));
  }
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  const rocksdb::Status written = to.Write(options, &batch);
  if (!written.ok()) {
    return Error{ErrorCode::io, "cannot write the restored state: " + written.ToString()};
  }
  return {};
}

}  // namespace

Status stage_rows(rocksdb::DB& db, const model::RestoreState& part, rocksdb::WriteBatch& batch) {
  if (part.part() == 0) {
    drop_staged_rows(batch);
  } else {
    std::string ignored;
    const auto found =
        db.Get(rocksdb::ReadOptions(), staged_key(part.id(), part.part() - 1), &ignored);
    if (!found.ok()) return overtaken();
  }
  batch.Put(staged_key(part.id(), part.part()), part.rows());
  return {};
}

Status copy_staged_rows(rocksdb::DB& from, const model::RestoreState& last, rocksdb::DB& to) {
  for (std::uint64_t part = 0; part < last.part(); ++part) {
    std::string rows;
    if (!from.Get(rocksdb::ReadOptions(), staged_key(last.id(), part), &rows).ok()) {
      return overtaken();
    }
    YURT_TRY(copy_part(rows, to));
  }
  return {};
}

void drop_staged_rows(rocksdb::WriteBatch& batch) {
  batch.DeleteRange(std::string(1, row::staged), std::string(1, row::staged + 1));
}

Status each_row(rocksdb::DB& db,
                const std::function<Status(std::string_view, std::string_view)>& visit) {
  rocksdb::ReadOptions options;
  options.readahead_size = 4 << 20;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator(options));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    if (at->key().starts_with(std::string(1, row::staged))) continue;
    YURT_TRY(visit(at->key().ToStringView(), at->value().ToStringView()));
  }
  if (!at->status().ok()) {
    return Error{ErrorCode::corrupt,
                 "the state database can't be read: " + at->status().ToString()};
  }
  return {};
}

}  // namespace yurt::server
