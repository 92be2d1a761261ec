// Workers: threads for calls to the Engine, which block. Started as they are needed, up to a limit.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace yurt::drivers::docker {

class Workers {
 public:
  explicit Workers(std::size_t most_threads) : most_threads_(most_threads) {}
  ~Workers() { stop(); }

  // Runs everything that was submitted before, then ends; what comes later is dropped. Idempotent.
  void stop();
  void submit(std::function<void()> work);

 private:
  void run();

  const std::size_t most_threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool ending_ = false;
};

}  // namespace yurt::drivers::docker
