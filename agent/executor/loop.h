// Loop: the one thread on which the agent decides. Everything that changes an allocation's state
// runs here, in the order it was posted, so that none of it needs locks; what blocks goes to a
// WorkerPool, which posts its result back.
//
// post() may be called from any thread; timers and cancel() only from the loop's own thread.
// Functions must not throw and must return soon. After stop() nothing posted runs any more, and
// what was posted and has not run is destroyed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"

namespace yurt::agent {

class Loop {
 public:
  using TimerId = std::uint64_t;  // 0 is never a timer

  explicit Loop(Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void post(std::function<void()> function);

  // Runs `function` on the loop and waits for its result; nullopt when the loop has stopped.
  // REQUIRES: not called from the loop's thread
  template <typename T>
  std::optional<T> call(std::function<T()> function) {
    auto promise = std::make_shared<std::promise<T>>();
    auto result = promise->get_future();
    post([promise, function = std::move(function)] { promise->set_value(function()); });
    promise.reset();
    try {
      return result.get();
    } catch (const std::future_error&) {
      return std::nullopt;
    }
  }

  // Calls `function` once Clock::steady_ns has reached `steady_ns`.
  TimerId at(std::int64_t steady_ns, std::function<void()> function);
  // No effect for a timer that has fired.
  void cancel(TimerId id);

  // Waits for the function that runs now; then nothing runs any more. Idempotent.
  void stop();

 private:
  void run();

  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> posted_;
  std::atomic<bool> stopped_{false};  // set under mutex_
  // Only touched by the loop's thread (and by stop() after it has ended).
  std::map<std::pair<std::int64_t, TimerId>, std::function<void()>> timers_;
  std::map<TimerId, std::int64_t> timer_times_;
  TimerId last_timer_ = 0;
  std::thread thread_;
};

}  // namespace yurt::agent
