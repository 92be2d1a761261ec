// Reads a snapshot's folder as the parts that SnapshotReceiver takes. Thread-safe on distinct
// folders.
#pragma once

#include <filesystem>
#include <functional>

#include "base/result.h"
#include "raft/raft.pb.h"

namespace yurt::raft {

// Hands header, files and end to `write`, which returns false when the stream broke.
[[nodiscard]] Status write_snapshot_parts(
    const wire::SnapshotHeader& header, const std::filesystem::path& folder,
    const std::function<bool(const wire::SnapshotPart&)>& write);

}  // namespace yurt::raft
