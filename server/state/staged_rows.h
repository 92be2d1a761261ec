// Staged rows: the parts of a snapshot that is being restored, kept in the state database beside
// the rows that count until the last part is there (model::RestoreState).
//
// Being rows themselves they survive crashes and travel with Raft's own snapshots; nothing reads
// them as state. Used by the apply thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.h"

namespace rocksdb {
class DB;
class WriteBatch;
}  // namespace rocksdb
namespace yurt::model {
class RestoreState;
}

namespace yurt::server {

// Adds to `batch` what keeps this part. conflict when the part before it is not staged: another
// restore has begun since.
[[nodiscard]] Status stage_rows(rocksdb::DB& db, const model::RestoreState& part,
                                rocksdb::WriteBatch& batch);

// Writes the rows staged for the restore that `last` ends into the empty database `to`. conflict
// when parts are missing; corrupt when they are not made of rows.
[[nodiscard]] Status copy_staged_rows(rocksdb::DB& from, const model::RestoreState& last,
                                      rocksdb::DB& to);

// Adds to `batch` what removes everything staged.
void drop_staged_rows(rocksdb::WriteBatch& batch);

// Visits every row of `db` but the staged ones, as they are at this moment.
[[nodiscard]] Status each_row(
    rocksdb::DB& db,
    const std::function<Status(std::string_view key, std::string_view value)>& visit);

}  // namespace yurt::server
