// How RocksDB is set up to hold a log: written in key order, synced, read at its end, dropped at
// its start.
#pragma once

#include <rocksdb/options.h>

namespace yurt::raft {

// `env`: the operating system to use, not owned; null: the real one.
[[nodiscard]] rocksdb::Options log_options(rocksdb::Env* env);

}  // namespace yurt::raft
