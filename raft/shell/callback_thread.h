// CallbackThread: runs the caller's callbacks in the order they were handed in, so that none of
// them can hold up the protocol. Thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace yurt::raft {

class CallbackThread {
 public:
  CallbackThread();
  ~CallbackThread() { stop(); }
  CallbackThread(const CallbackThread&) = delete;
  CallbackThread& operator=(const CallbackThread&) = delete;

  // After stop() the callback runs here and now.
  void push(std::function<void()> callback);
  // Runs all that waits, then ends the thread. Idempotent. Not from a callback.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace yurt::raft
