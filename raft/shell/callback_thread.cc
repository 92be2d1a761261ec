#include "raft/shell/callback_thread.h"

#include <utility>

namespace yurt::raft {

CallbackThread::CallbackThread() : thread_([this] { run(); }) {}

void CallbackThread::push(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      waiting_.push_back(std::move(callback));
      changed_.notify_one();
      return;
    }
  }
  callback();
}

void CallbackThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void CallbackThread::run() {
  while (true) {
    std::vector<std::function<void()>> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      batch.swap(waiting_);
    }
    for (const auto& callback : batch) callback();
  }
}

}  // namespace yurt::raft
