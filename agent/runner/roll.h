// Roll: whether a task that was restarted at its turn is healthy again: it must run, and
// pass its checks where they count, for as long as the group's update or migrate block asks, and
// not end by itself meanwhile.
//
// Pure: told of every change and of the time. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/runner/alloc_machine.h"
#include "agent/runner/health_tracker.h"

namespace yurt::agent {

class Roll {
 public:
  // The task is about to be restarted.
  Roll(std::size_t task, const AllocMachine& machine, const model::Job& job,
       const model::TaskGroup& group, Instant now);

  [[nodiscard]] std::size_t task() const { return task_; }
  // Healthy again, or not, or (nullopt) not yet known.
  [[nodiscard]] std::optional<bool> observe(const AllocMachine& machine, Instant now);
  // When observe() should be called even if nothing changes.
  [[nodiscard]] std::optional<std::int64_t> wake_steady_ns() const;

 private:
  std::size_t task_;
  std::uint64_t restarts_before_;
  std::uint64_t restarts_due_;  // one of each worker that is alive
  std::int64_t deadline_steady_ns_;
  HealthTracker health_;
};

}  // namespace yurt::agent
