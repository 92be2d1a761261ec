// Writes the whole state as one portable file (proto/snapshot_file.h says what it looks like).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proto/snapshot_file.h"

namespace yurt::server {

struct SnapshotArchive {
  UniqueFd file;  // without a name, positioned at its start; it vanishes when closed
  std::uint64_t size_bytes = 0;
  std::string digest;  // "sha-256=<base64>", of the whole file
};

// Visits every row of the state, as it is at one moment.
using EachRow = std::function<Status(const model::SnapshotRow&)>;

// Writes the archive into the folder for temporary files. The index, tables and size of `meta` are
// found out here. Blocks: keep it off threads that serve.
[[nodiscard]] Result<SnapshotArchive> write_snapshot_archive(const EachRow& each_row,
                                                             model::SnapshotMeta meta);

// An empty file without a name in the folder for temporary files.
[[nodiscard]] Result<UniqueFd> temporary_file();

}  // namespace yurt::server
