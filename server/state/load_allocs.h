// Reading the allocations' rows: by far the most there are, so they are read by several threads and
// their tables are built whole, not row by row.
#pragma once

#include "base/result.h"
#include "server/state/alloc_row.h"
#include "server/state/tables.h"

namespace rocksdb {
class DB;
}

namespace yurt::server {

// Fills the three tables of allocations. `find_job` is called from several threads at a time.
// `corrupt` when a row can't be read.
[[nodiscard]] Status load_allocs(rocksdb::DB& db, const AllocRowDecoder::FindJob& find_job,
                                 Tables& tables);

}  // namespace yurt::server
