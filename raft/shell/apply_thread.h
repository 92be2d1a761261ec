// ApplyThread: the only thread that touches the state machine. Applies committed entries in
// batches, hands each result to whoever waits for it, and runs tasks (snapshot, restore) in
// between.
//
// Ownership: the StateMachine is the caller's. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "raft/consensus.h"
#include "raft/core/entry.h"
#include "raft/shell/proposals.h"

namespace yurt::raft {

struct CommittedBatch {
  std::vector<Entry> entries;              // contiguous
  std::vector<WaitingProposal> proposals;  // those of `entries` that somebody here waits for
};

class ApplyThread {
 public:
  struct Reports {
    std::function<void(Index)> applied;
    std::function<void(std::size_t)> finished_bytes;  // of proposals answered now
  };

  ApplyThread(StateMachine& machine, Reports reports);
  ~ApplyThread() { stop(); }
  ApplyThread(const ApplyThread&) = delete;
  ApplyThread& operator=(const ApplyThread&) = delete;

  void push(CommittedBatch batch);
  void push(std::function<void()> task);
  // Does all that waits, then ends the thread. Idempotent.
  void stop();

 private:
  using Job = std::variant<CommittedBatch, std::function<void()>>;

  void push_job(Job job);
  void run();
  void apply(CommittedBatch& batch);

  StateMachine& machine_;
  const Reports reports_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace yurt::raft
