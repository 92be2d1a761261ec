// Background: one thread for rare work that may block or must wait a little. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace yurt::drivers {

class Background {
 public:
  Background();
  // Waits for the function that is running; those that have not begun are dropped.
  ~Background();

  void run_after(std::int64_t delay_ns, std::function<void()> function);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::chrono::steady_clock::time_point, std::function<void()>> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace yurt::drivers
