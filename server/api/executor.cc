#include "server/api/executor.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace yurt::server {

struct ThreadExecutor::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> queue;
  unsigned idle = 0;
  bool stopping = false;
  std::vector<std::thread> threads;

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      wake.wait(lock, [this] { return stopping || !queue.empty(); });
      --idle;
      if (queue.empty()) return;
      auto next = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      next();
      next = nullptr;  // what it holds must go before the lock is taken again
      lock.lock();
    }
  }
};

ThreadExecutor::ThreadExecutor(unsigned threads) : state_(std::make_unique<State>()) {
  for (unsigned i = 0; i < threads; ++i) {
    state_->threads.emplace_back([state = state_.get()] { state->work(); });
  }
}

ThreadExecutor::~ThreadExecutor() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  for (auto& thread : state_->threads) thread.join();
}

void ThreadExecutor::post(std::function<void()> work) {
  bool wake = false;
  {
    const std::lock_guard lock(state_->mutex);
    state_->queue.push_back(std::move(work));
    wake = state_->idle > 0;
  }
  if (wake) state_->wake.notify_one();
}

}  // namespace yurt::server
