// Timers: calls functions at their time, on one thread, in order of their deadlines.
//
// Thread-safe. Functions must be quick; they may set and cancel timers. Times are on the clock's
// steady scale. After stop() nothing is called any more.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace yurt::server {

class Timers {
 public:
  using TimerId = std::uint64_t;

  explicit Timers(Clock& clock);
  ~Timers();
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  TimerId at(std::int64_t deadline_ns, std::function<void()> call);
  TimerId after(std::int64_t delay_ns, std::function<void()> call);
  // True when the call will now never run; false when it ran, runs or is unknown.
  bool cancel(TimerId timer);
  void stop();

 private:
  void run();

  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::pair<std::int64_t, TimerId>, std::function<void()>> calls_;
  std::map<TimerId, std::int64_t> deadlines_;
  TimerId next_ = 1;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace yurt::server
