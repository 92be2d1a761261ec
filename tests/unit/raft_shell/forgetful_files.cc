#include "tests/unit/raft_shell/forgetful_files.h"

#include <filesystem>

namespace yurt::raft::testing {

class ForgetfulFiles::File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<rocksdb::FSWritableFile> file, std::string name, ForgetfulFiles& files)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), files_(files) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    size_ += data.size();
    return target()->Append(data, options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& info,
                           rocksdb::IODebugContext* debug) override {
    size_ += data.size();
    return target()->Append(data, options, info, debug);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* debug) override {
    return after(target()->Sync(options, debug));
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    return after(target()->Fsync(options, debug));
  }

 private:
  rocksdb::IOStatus after(rocksdb::IOStatus status) {
    if (files_.failing_) return rocksdb::IOStatus::IOError("the disk is gone");
    if (status.ok()) files_.synced(name_, size_);
    return status;
  }

  const std::string name_;
  ForgetfulFiles& files_;
  std::uint64_t size_ = 0;
};

ForgetfulFiles::ForgetfulFiles()
    : FileSystemWrapper(rocksdb::FileSystem::Default()),
      env_(rocksdb::NewCompositeEnv(
          std::shared_ptr<rocksdb::FileSystem>(this, [](rocksdb::FileSystem*) {}))) {}

rocksdb::IOStatus ForgetfulFiles::NewWritableFile(const std::string& name,
                                                  const rocksdb::FileOptions& options,
                                                  std::unique_ptr<rocksdb::FSWritableFile>* result,
                                                  rocksdb::IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSWritableFile> file;
  rocksdb::IOStatus status = target()->NewWritableFile(name, options, &file, debug);
  if (!status.ok()) return status;
  {
    const std::lock_guard lock(mutex_);
    synced_[name] = 0;
  }
  *result = std::make_unique<File>(std::move(file), name, *this);
  return status;
}

rocksdb::IOStatus ForgetfulFiles::RenameFile(const std::string& from, const std::string& to,
                                             const rocksdb::IOOptions& options,
                                             rocksdb::IODebugContext* debug) {
  rocksdb::IOStatus status = target()->RenameFile(from, to, options, debug);
  const std::lock_guard lock(mutex_);
  if (const auto known = synced_.find(from); status.ok() && known != synced_.end()) {
    synced_[to] = known->second;
    synced_.erase(known);
  }
  return status;
}

void ForgetfulFiles::synced(const std::string& name, std::uint64_t size) {
  ++syncs_;
  const std::lock_guard lock(mutex_);
  synced_[name] = size;
}

void ForgetfulFiles::lose_what_was_not_synced() {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, size] : synced_) {
    std::error_code missing;
    if (std::filesystem::file_size(name, missing) > size && !missing) {
      std::filesystem::resize_file(name, size);
    }
  }
  synced_.clear();
}

}  // namespace yurt::raft::testing
