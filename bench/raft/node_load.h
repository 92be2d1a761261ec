// Load: proposes commands at the server of this process and measures the answers. Thread-safe where
// callbacks are concerned; otherwise used by one thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "base/unique_fd.h"
#include "bench/raft/node_machine.h"
#include "raft/consensus.h"

namespace yurt::bench {

struct LoadResult {
  std::uint64_t committed = 0;
  std::uint64_t failed = 0;
  double seconds = 0;
  std::int64_t p50_us = 0, p99_us = 0;  // from proposal to answer
};

// Keeps `window` commands of `size_bytes` waiting for `seconds`, then waits for the last answer.
[[nodiscard]] LoadResult run_load(raft::Consensus& consensus, std::uint64_t server,
                                  std::uint64_t run, double seconds, int window,
                                  std::size_t size_bytes);

// Proposes whenever this server leads, and writes the number of each acknowledged command to a file
// at once, so that it outlives a kill.
class SteadyLoad {
 public:
  // `acknowledged` gets each answer's time (steady nanoseconds).
  SteadyLoad(raft::Consensus& consensus, std::uint64_t server, std::uint64_t run, int window,
             const std::filesystem::path& acks_file,
             std::function<void(std::int64_t)> acknowledged);
  ~SteadyLoad() { stop(); }
  SteadyLoad(const SteadyLoad&) = delete;
  SteadyLoad& operator=(const SteadyLoad&) = delete;

  void leading(bool leads);
  // Waits for the open answers. Idempotent.
  void stop();

 private:
  void run();

  raft::Consensus& consensus_;
  const CommandId base_;
  const int window_;
  const UniqueFd acks_;
  const std::function<void(std::int64_t)> acknowledged_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool leads_ = false;
  bool stopping_ = false;
  int open_ = 0;
  std::thread thread_;
};

// How many of the acknowledged commands in all `acks-SERVER-RUN` files of `folder` there are, and
// how many of them `machine` does not have.
struct Checked {
  std::uint64_t acknowledged = 0, missing = 0;
};
[[nodiscard]] Checked check_acks(const std::filesystem::path& folder, const NodeMachine& machine);
[[nodiscard]] std::filesystem::path acks_file(const std::filesystem::path& folder,
                                              std::uint64_t server, std::uint64_t run);

}  // namespace yurt::bench
