// WorkerPool: a fixed number of threads for work that blocks (disk, downloads, driver calls), first
// come, first served. Thread-safe. stop() lets what runs finish and drops what has not begun.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace yurt::agent {

class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // `work` must not throw.
  void submit(std::function<void()> work);
  // Idempotent. REQUIRES: not called from one of the pool's threads
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace yurt::agent
