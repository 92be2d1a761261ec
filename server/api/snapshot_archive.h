// A snapshot of the whole state as one portable file.
//
// A gzip-compressed tar of three files: meta.json ({"Index","Version","Region","Time"}), state.bin
// (every row of the state: a 4-byte big-endian length and the key, then the same of the value;
// server/state/row_keys.h says what keys are) and SHA256SUMS of both, as sha256sum writes them.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "server/state/snapshot.h"

namespace yurt::server {

struct SnapshotOrigin {
  std::string version, region;
  std::int64_t time_ns = 0;  // Unix
};

struct SnapshotArchive {
  UniqueFd file;  // without a name, positioned at its start; it vanishes when closed
  std::uint64_t size_bytes = 0;
  std::string digest;  // "sha-256=<base64>", of the whole file
};

// Writes the archive into the folder for temporary files. Blocks: keep it off threads that serve.
[[nodiscard]] Result<SnapshotArchive> write_snapshot_archive(const Snapshot& snapshot,
                                                             const SnapshotOrigin& origin);

}  // namespace yurt::server
