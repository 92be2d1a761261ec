// Tells a torn last write from corruption, in RocksDB write-ahead logs that RocksDB refused to
// replay.
//
// The log store writes one batch at a time and syncs each before it writes the next. So after a
// crash only the last batch may be torn; damage with the start of another batch behind it was done
// to bytes that had been synced, and those may hold acknowledged entries. RocksDB's own recovery
// modes know only "stop silently at the damage" and "refuse any damage".
//
// Format read: RocksDB's log format without recycling or compression (rocksdb wiki, "Write Ahead
// Log File Format"): 32 KiB blocks of records {masked CRC-32C, 16-bit length, type, payload}.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace yurt::raft {

enum class WalDamage {
  none,       // every record is whole, or the last one merely ends early
  torn_tail,  // damaged, and nothing was written after the damaged batch
  synced      // damaged, and a later batch follows
};

// Examines all *.log files in `folder`, oldest first. io when one cannot be read.
[[nodiscard]] Result<WalDamage> examine_wal(const std::filesystem::path& folder);

}  // namespace yurt::raft
