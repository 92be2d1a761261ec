// Fleet: thousands of simulated agents in this process, each on a connection of its own.
//
// Thread-safe after construction. Destroying it closes all streams and waits for their ends.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/server/sim_agent.h"

namespace yurt::bench {

class Fleet {
 public:
  explicit Fleet(SimAgent::OnAssigned on_assigned = {});
  ~Fleet();

  // Starts the agents and waits until all of them are welcome. Call once.
  void connect(const std::string& address, int agents);

  [[nodiscard]] const FleetCounts& counts() const { return counts_; }
  [[nodiscard]] const std::string& node_id(std::size_t agent) const {
    return agents_[agent]->node_id();
  }
  // Wait until that many have been counted; look every millisecond.
  void wait_assigned(std::int64_t count) const { wait(counts_.assigned, count); }
  void wait_stopped(std::int64_t count) const { wait(counts_.stopped, count); }
  void wait_acknowledged(std::int64_t count) const { wait(counts_.acknowledged, count); }

 private:
  static void wait(const std::atomic<std::int64_t>& counter, std::int64_t count);
  void tick();

  const SimAgent::OnAssigned on_assigned_;
  FleetCounts counts_;
  SystemRandom random_;
  std::vector<std::unique_ptr<SimAgent>> agents_;
  std::atomic<bool> stopping_ = false;
  std::thread ticker_;
};

}  // namespace yurt::bench
