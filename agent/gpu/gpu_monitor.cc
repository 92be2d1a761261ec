#include "agent/gpu/gpu_monitor.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/log.h"

namespace yurt::agent {
namespace {

// A driver that has not answered for this long does not work.
constexpr std::int64_t silence_ns = 60 * nanoseconds_per_second;
constexpr std::int64_t farewell_ns = 5 * nanoseconds_per_second;

}  // namespace

// Outlives the monitor where its thread hangs in a driver.
struct GpuMonitor::Shared {
  std::unique_ptr<GpuWatch> watch;  // the thread's own
  std::int64_t interval_ns = 0;

  std::mutex mutex;
  std::condition_variable changed;
  GpuSnapshotPtr latest = std::make_shared<GpuSnapshot>();
  std::int64_t looked_steady_ns = 0;
  OnLook on_look;
  bool looked = false;
  bool stopped = false;
  bool ended = false;

  void run() {
    const SystemClock clock;
    std::unique_lock lock(mutex);
    while (!stopped) {
      lock.unlock();
      GpuSnapshotPtr snapshot = watch->look(clock.steady_ns(), clock.wall_ns());
      lock.lock();
      latest = snapshot;
      looked_steady_ns = clock.steady_ns();
      looked = true;
      changed.notify_all();
      // Under the lock: once stop() has returned nobody is called any more.
      if (on_look && !stopped) on_look(snapshot);
      changed.wait_for(lock, std::chrono::nanoseconds(interval_ns), [this] { return stopped; });
    }
    watch.reset();
    ended = true;
    changed.notify_all();
  }
};

GpuMonitor::GpuMonitor(std::unique_ptr<GpuWatch> watch, std::int64_t interval_ns)
    : shared_(std::make_shared<Shared>()) {
  shared_->watch = std::move(watch);
  shared_->interval_ns = interval_ns;
}

GpuMonitor::~GpuMonitor() { stop(); }

void GpuMonitor::start(std::int64_t patience_ns) {
  thread_ = std::thread([shared = shared_] { shared->run(); });
  std::unique_lock lock(shared_->mutex);
  if (!shared_->changed.wait_for(lock, std::chrono::nanoseconds(patience_ns),
                                 [this] { return shared_->looked; })) {
    YURT_LOG(warn, "gpu", "the GPU driver does not answer: its GPUs are offered once it does");
  }
}

void GpuMonitor::listen(OnLook on_look) {
  const std::lock_guard lock(shared_->mutex);
  shared_->on_look = std::move(on_look);
}

void GpuMonitor::stop() {
  if (!thread_.joinable()) return;
  std::unique_lock lock(shared_->mutex);
  shared_->stopped = true;
  shared_->on_look = nullptr;
  shared_->changed.notify_all();
  const bool ended = shared_->changed.wait_for(lock, std::chrono::nanoseconds(farewell_ns),
                                               [this] { return shared_->ended; });
  lock.unlock();
  if (ended) {
    thread_.join();
  } else {
    YURT_LOG(warn, "gpu", "the GPU driver does not answer: it is left behind");
    thread_.detach();
  }
}

GpuSnapshotPtr GpuMonitor::snapshot() const {
  const SystemClock clock;
  const std::lock_guard lock(shared_->mutex);
  if (!shared_->looked || clock.steady_ns() - shared_->looked_steady_ns < silence_ns) {
    return shared_->latest;
  }
  auto silent = std::make_shared<GpuSnapshot>(*shared_->latest);
  for (GpuState& state : silent->gpus) {
    state.healthy = false;
    state.health = "the GPU driver has not answered for a minute";
    state.reading.reset();
  }
  return silent;
}

}  // namespace yurt::agent
