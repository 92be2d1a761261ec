// ForgetfulFiles: a RocksDB environment on the real disk that knows what was synced, so that a test
// can lose the rest as a power cut does; and that can be told to fail.
//
// Thread-safe.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace yurt::raft::testing {

class ForgetfulFiles final : public rocksdb::FileSystemWrapper {
 public:
  ForgetfulFiles();

  // For LogStore::open; lives as long as this object.
  [[nodiscard]] rocksdb::Env* env() { return env_.get(); }

  // Cuts every file back to what was synced. REQUIRES: no store is open.
  void lose_what_was_not_synced();
  // From now on no sync succeeds.
  void fail_syncs() { failing_ = true; }
  [[nodiscard]] int syncs() const { return syncs_; }

  const char* Name() const override { return "ForgetfulFiles"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

 private:
  class File;
  void synced(const std::string& name, std::uint64_t size);

  std::unique_ptr<rocksdb::Env> env_;
  std::atomic<bool> failing_{false};
  std::atomic<int> syncs_{0};
  std::mutex mutex_;
  std::map<std::string, std::uint64_t> synced_;  // bytes, of files written through this object
};

}  // namespace yurt::raft::testing
