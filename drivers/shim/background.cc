#include "drivers/shim/background.h"

namespace yurt::drivers {

Background::Background() : thread_([this] { run(); }) {}

Background::~Background() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Background::run_after(std::int64_t delay_ns, std::function<void()> function) {
  {
    std::lock_guard lock(mutex_);
    waiting_.emplace(std::chrono::steady_clock::now() + std::chrono::nanoseconds(delay_ns),
                     std::move(function));
  }
  changed_.notify_one();
}

void Background::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
    } else if (waiting_.begin()->first > std::chrono::steady_clock::now()) {
      const auto due = waiting_.begin()->first;
      changed_.wait_until(lock, due);
    } else {
      std::function<void()> function = std::move(waiting_.extract(waiting_.begin()).mapped());
      lock.unlock();
      function();
      function = nullptr;
      lock.lock();
    }
  }
}

}  // namespace yurt::drivers
