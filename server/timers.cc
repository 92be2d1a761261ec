#include "server/timers.h"

#include <chrono>

namespace yurt::server {

Timers::Timers(Clock& clock) : clock_(clock), thread_([this] { run(); }) {}

Timers::~Timers() { stop(); }

Timers::TimerId Timers::at(std::int64_t deadline_ns, std::function<void()> call) {
  std::lock_guard lock(mutex_);
  const TimerId timer = next_++;
  const bool first = calls_.empty() || deadline_ns < calls_.begin()->first.first;
  calls_.emplace(std::pair(deadline_ns, timer), std::move(call));
  deadlines_.emplace(timer, deadline_ns);
  if (first) wake_.notify_one();
  return timer;
}

Timers::TimerId Timers::after(std::int64_t delay_ns, std::function<void()> call) {
  return at(clock_.steady_ns() + delay_ns, std::move(call));
}

bool Timers::cancel(TimerId timer) {
  std::lock_guard lock(mutex_);
  const auto found = deadlines_.find(timer);
  if (found == deadlines_.end()) return false;
  calls_.erase({found->second, timer});
  deadlines_.erase(found);
  return true;
}

void Timers::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
}

void Timers::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (calls_.empty()) {
      wake_.wait(lock);
      continue;
    }
    const auto first = calls_.begin();
    const std::int64_t wait_ns = first->first.first - clock_.steady_ns();
    if (wait_ns > 0) {
      wake_.wait_for(lock, std::chrono::nanoseconds(wait_ns));
      continue;
    }
    auto call = std::move(first->second);
    deadlines_.erase(first->first.second);
    calls_.erase(first);
    lock.unlock();
    call();
    lock.lock();
  }
}

}  // namespace yurt::server
