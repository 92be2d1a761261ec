// Agenda: what will happen in virtual time, in order. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace yurt::raft::sim {

class Agenda {
 public:
  [[nodiscard]] std::int64_t now_ns() const { return now_ns_; }

  // Runs `action` after `delay_ns`; those of the same time in the order they were added.
  void after(std::int64_t delay_ns, std::function<void()> action) {
    queue_.push({now_ns_ + delay_ns, next_++, std::move(action)});
  }

  // Runs the next action, unless that would be later than `end_ns`: then only time passes.
  bool run_next(std::int64_t end_ns) {
    if (queue_.empty() || queue_.top().time_ns > end_ns) {
      now_ns_ = end_ns;
      return false;
    }
    now_ns_ = queue_.top().time_ns;
    // top() is const only to protect the order, which the action is no part of.
    auto action = std::move(const_cast<Item&>(queue_.top()).action);
    queue_.pop();
    action();
    return true;
  }

 private:
  struct Item {
    std::int64_t time_ns;
    std::uint64_t order;
    std::function<void()> action;
    bool operator<(const Item& other) const {
      return std::pair(time_ns, order) > std::pair(other.time_ns, other.order);
    }
  };
  std::priority_queue<Item> queue_;
  std::int64_t now_ns_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace yurt::raft::sim
