// EventLoop: one thread that waits for descriptors to become readable and runs posted functions.
//
// Thread-safe: everything but the destructor may be called from any thread, the loop's included.
// Handlers and posted functions run on the loop's thread, one at a time, and must not block.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace yurt::drivers {

class EventLoop {
 public:
  [[nodiscard]] static Result<std::unique_ptr<EventLoop>> create();
  // Runs what was posted before, then ends the thread.
  ~EventLoop();

  using WatchId = std::uint64_t;
  // Calls `on_readable` whenever `fd` is readable or closed by its peer, until unwatch. `fd` stays
  // the caller's and must stay open until then.
  [[nodiscard]] Result<WatchId> watch(int fd, std::function<void()> on_readable);
  // No call of the handler begins after this returns; one may still be running on another thread.
  // REQUIRES: the descriptor is still open
  void unwatch(WatchId id, int fd);

  void post(std::function<void()> function);
  [[nodiscard]] bool on_loop_thread() const { return std::this_thread::get_id() == thread_id_; }

 private:
  EventLoop(UniqueFd epoll, UniqueFd wake);
  void run();
  bool run_posted();

  UniqueFd epoll_;
  UniqueFd wake_;
  std::mutex mutex_;
  std::map<WatchId, std::shared_ptr<std::function<void()>>> handlers_;
  std::vector<std::function<void()>> posted_;
  WatchId next_id_ = 1;
  bool ending_ = false;
  std::thread thread_;
  std::thread::id thread_id_;
};

}  // namespace yurt::drivers
