// Watchers: who waits for a table to change (blocking queries). Waiting holds no thread.
//
// Thread-safe. Callbacks run on the apply thread or the timers' thread and must not block.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "server/state/store.h"
#include "server/timers.h"

namespace yurt::server {

class Watchers final : public ChangeListener {
 public:
  Watchers(StateStore& store, Timers& timers);
  ~Watchers() override;

  // Core::when_changed.
  void when_changed(std::vector<Table> tables, std::uint64_t index, std::int64_t deadline_ns,
                    std::function<void()> done);

  void on_changes(const ChangesRef& changes) override;

 private:
  struct Waiter {
    std::vector<Table> tables;
    std::uint64_t index = 0;
    Timers::TimerId timer = 0;
    std::function<void()> done;
  };

  [[nodiscard]] static bool has_changed(const Tables& now, const Waiter& waiter);
  // Takes the waiter out; empty when somebody else did.
  [[nodiscard]] std::function<void()> take(std::uint64_t id);

  StateStore& store_;
  Timers& timers_;
  std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::unordered_map<std::uint64_t, Waiter> waiters_;
};

}  // namespace yurt::server
