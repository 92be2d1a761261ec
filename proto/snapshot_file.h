// A snapshot of the whole state as one portable file, read and proven whole.
//
// The file is a gzip-compressed tar of three files: meta.json (SnapshotMeta), state.bin (every row
// of the state: a 4-byte big-endian length and the key, then the same of the value;
// server/state/row_keys.h says what keys are) and SHA256SUMS of both, as sha256sum writes them.
// server/api/snapshot_archive.h writes it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace yurt::model {

struct SnapshotTable {
  std::string type;  // "job", "allocation", ...
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  // of keys and values
};

struct SnapshotMeta {
  std::uint64_t index = 0;  // of the newest change in it
  std::string version, region;
  std::int64_t time_ns = 0;  // Unix; when it was taken
  std::vector<SnapshotTable> tables;
  std::uint64_t state_bytes = 0;  // of state.bin
};

[[nodiscard]] std::string snapshot_meta_json(const SnapshotMeta& meta);

using SnapshotRow = std::function<Status(std::string_view key, std::string_view value)>;

// Reads the file open at `fd` from its start to its end and checks everything that can be checked:
// the sums, and that state.bin is made of rows. Each row goes to `row` (which may be empty) before
// the sums are known: to act only on a whole file, read it twice. Rows are valid during the call
// only. corrupt: it is no snapshot, or a damaged one; io: it cannot be read; or `row`'s own error.
[[nodiscard]] Result<SnapshotMeta> read_snapshot_file(int fd, const SnapshotRow& row);

}  // namespace yurt::model
