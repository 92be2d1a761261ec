#include "agent/executor/loop.h"

#include <algorithm>
#include <chrono>

namespace yurt::agent {

Loop::Loop(Clock& clock) : clock_(clock) {
  thread_ = std::thread([this] { run(); });
}

Loop::~Loop() { stop(); }

void Loop::post(std::function<void()> function) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    posted_.push_back(std::move(function));
    if (posted_.size() > 1) return;  // the thread is awake or has been woken for the first
  }
  wake_.notify_one();
}

Loop::TimerId Loop::at(std::int64_t steady_ns, std::function<void()> function) {
  const TimerId id = ++last_timer_;
  timers_.emplace(std::pair(steady_ns, id), std::move(function));
  timer_times_.emplace(id, steady_ns);
  return id;
}

void Loop::cancel(TimerId id) {
  const auto found = timer_times_.find(id);
  if (found == timer_times_.end()) return;
  timers_.erase({found->second, id});
  timer_times_.erase(found);
}

void Loop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  // What is destroyed here may post again: that is refused by now.
  const auto left = std::exchange(posted_, {});
  const auto timers = std::exchange(timers_, {});
}

void Loop::run() {
  std::deque<std::function<void()>> batch;
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    if (posted_.empty()) {
      if (timers_.empty()) {
        wake_.wait(lock, [this] { return stopped_ || !posted_.empty(); });
      } else {
        const std::int64_t left_ns = timers_.begin()->first.first - clock_.steady_ns();
        if (left_ns > 0) {
          wake_.wait_for(lock, std::chrono::nanoseconds(left_ns),
                         [this] { return stopped_ || !posted_.empty(); });
        }
      }
      if (stopped_) break;
    }
    batch.swap(posted_);
    lock.unlock();
    while (!timers_.empty() && timers_.begin()->first.first <= clock_.steady_ns()) {
      auto due = timers_.extract(timers_.begin());
      timer_times_.erase(due.key().second);
      due.mapped()();
    }
    while (!batch.empty() && !stopped_) {
      const auto function = std::move(batch.front());
      batch.pop_front();
      function();
    }
    lock.lock();
  }
  lock.unlock();
  batch.clear();
}

}  // namespace yurt::agent
