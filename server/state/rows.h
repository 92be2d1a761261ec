// Rows: how tables lie in the state database, and how they are read back.
//
// One column family; a key is a byte for the kind of row, then the object's own key. A job's record
// names its versions, which are rows of their own, since allocations refer to versions that the
// record no longer keeps.
#pragma once

#include <string>

#include "base/result.h"
#include "server/state/changes.h"
#include "server/state/tables.h"

namespace rocksdb {
class DB;
class WriteBatch;
}  // namespace rocksdb

namespace yurt::server {

// Adds everything `changes` changed, and the indexes of `tables`, to `batch`.
void write_rows(const Changes& changes, const Tables& tables, rocksdb::WriteBatch& batch);

// Reads all rows of `db`. Removes job versions that nothing refers to any more. `corrupt` when a
// row can't be read.
[[nodiscard]] Result<Tables> load_rows(rocksdb::DB& db);

// What a new cluster starts with: the built-in node pools and namespace, and the default scheduler
// configuration. load_rows() adds them where they are missing.
void add_builtins(Tables& tables);

}  // namespace yurt::server
