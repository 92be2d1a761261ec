#include "drivers/shim/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>

namespace yurt::drivers {
namespace {

constexpr EventLoop::WatchId wake_id = 0;

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return system_error("cannot create an epoll descriptor", errno);
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return system_error("cannot create an event descriptor", errno);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = wake_id;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return system_error("cannot watch an event descriptor", errno);
  }
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll), std::move(wake)));
}

EventLoop::EventLoop(UniqueFd epoll, UniqueFd wake)
    : epoll_(std::move(epoll)), wake_(std::move(wake)) {
  // The thread's id is known before anybody can ask for it.
  std::lock_guard lock(mutex_);
  thread_ = std::thread([this] {
    { std::lock_guard started(mutex_); }
    run();
  });
  thread_id_ = thread_.get_id();
}

EventLoop::~EventLoop() {
  post([this] {
    std::lock_guard lock(mutex_);
    ending_ = true;
  });
  thread_.join();
}

Result<EventLoop::WatchId> EventLoop::watch(int fd, std::function<void()> on_readable) {
  std::lock_guard lock(mutex_);
  const WatchId id = next_id_++;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = id;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return system_error("cannot watch a connection", errno);
  }
  handlers_.emplace(id, std::make_shared<std::function<void()>>(std::move(on_readable)));
  return id;
}

void EventLoop::unwatch(WatchId id, int fd) {
  std::shared_ptr<std::function<void()>> handler;  // destroyed after the lock is free
  std::lock_guard lock(mutex_);
  const auto found = handlers_.find(id);
  if (found == handlers_.end()) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  handler = std::move(found->second);
  handlers_.erase(found);
}

void EventLoop::post(std::function<void()> function) {
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(function));
  }
  if (!first) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

bool EventLoop::run_posted() {
  std::vector<std::function<void()>> functions;
  {
    std::lock_guard lock(mutex_);
    functions.swap(posted_);
  }
  for (auto& function : functions) {
    function();
    function = nullptr;
  }
  std::lock_guard lock(mutex_);
  return !ending_;
}

void EventLoop::run() {
  std::array<epoll_event, 64> events;
  while (true) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const WatchId id = events[static_cast<std::size_t>(i)].data.u64;
      if (id == wake_id) {
        std::uint64_t ignored = 0;
        [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &ignored, sizeof ignored);
        continue;
      }
      std::shared_ptr<std::function<void()>> handler;
      {
        std::lock_guard lock(mutex_);
        const auto found = handlers_.find(id);
        if (found != handlers_.end()) handler = found->second;
      }
      if (handler) (*handler)();
    }
    if (!run_posted()) return;
  }
}

}  // namespace yurt::drivers
