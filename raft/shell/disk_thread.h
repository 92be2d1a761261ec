// DiskThread: the one writer of the log. Drains all writes that wait into one synced batch and
// reports the newest of them, so that writes which queue up behind a slow sync share the next one.
//
// Ownership: the LogStore is the caller's. Thread-safe. The reports come from the thread itself.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "raft/core/output.h"
#include "raft/shell/log_store.h"

namespace yurt::raft {

class DiskThread {
 public:
  struct Reports {
    std::function<void(std::uint64_t sequence)> persisted;
    // Nothing is written any more after this.
    std::function<void(const Error&)> failed;
  };

  DiskThread(LogStore& store, Reports reports);
  ~DiskThread() { stop(); }
  DiskThread(const DiskThread&) = delete;
  DiskThread& operator=(const DiskThread&) = delete;

  void push(Write write);
  // Ends the thread after the batch under way; forgets the rest. Idempotent.
  void stop();

 private:
  void run();

  LogStore& store_;
  const Reports reports_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Write> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace yurt::raft
