#include "raft/shell/log_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/table.h>

namespace yurt::raft {

rocksdb::Options log_options(rocksdb::Env* env) {
  rocksdb::Options options;
  if (env != nullptr) options.env = env;
  options.create_if_missing = true;

  // Refuses damage instead of silently stopping before it; wal_damage.h judges what was refused.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.paranoid_checks = true;

  // One writer, so none of the machinery for several. What is unflushed comes back from the
  // write-ahead log, so closing need not flush.
  options.allow_concurrent_memtable_write = false;
  options.enable_write_thread_adaptive_yield = false;
  options.avoid_flush_during_shutdown = true;
  options.write_buffer_size = 32 << 20;
  options.max_write_buffer_number = 4;

  // Keys only ever grow, so files never overlap: compaction moves them and rewrites nothing.
  // Stalls would hold up commits for no gain; the log is cut at its start long before.
  options.compression = rocksdb::kNoCompression;
  options.target_file_size_base = 64 << 20;
  options.level0_slowdown_writes_trigger = 1 << 20;
  options.level0_stop_writes_trigger = 1 << 20;
  options.soft_pending_compaction_bytes_limit = 0;
  options.hard_pending_compaction_bytes_limit = 0;

  rocksdb::BlockBasedTableOptions table;
  table.block_size = 64 << 10;
  table.block_cache = rocksdb::NewLRUCache(8 << 20);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));

  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.keep_log_file_num = 2;
  options.max_open_files = 64;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

}  // namespace yurt::raft
