#include "raft/shell/disk_thread.h"

#include <utility>

namespace yurt::raft {

DiskThread::DiskThread(LogStore& store, Reports reports)
    : store_(store), reports_(std::move(reports)), thread_([this] { run(); }) {}

void DiskThread::push(Write write) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(write));
  }
  changed_.notify_one();
}

void DiskThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void DiskThread::run() {
  while (true) {
    std::vector<Write> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      batch.swap(waiting_);
    }
    if (const Status written = store_.write(batch); !written.ok()) {
      reports_.failed(written.error());
      return;
    }
    reports_.persisted(batch.back().sequence);
  }
}

}  // namespace yurt::raft
