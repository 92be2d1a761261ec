// GpuMonitor: looks at the GPUs every second on a thread of its own, since drivers may block, even
// for ever. Nobody else waits for it, its end excepted: a look that hangs then is given a few
// seconds and left behind.
//
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "agent/gpu/gpu_watch.h"
#include "base/clock.h"

namespace yurt::agent {

class GpuMonitor {
 public:
  // After each look, on the monitor's thread; must return soon.
  using OnLook = std::function<void(const GpuSnapshotPtr&)>;

  GpuMonitor(std::unique_ptr<GpuWatch> watch, std::int64_t interval_ns);
  ~GpuMonitor();
  GpuMonitor(const GpuMonitor&) = delete;
  GpuMonitor& operator=(const GpuMonitor&) = delete;

  // Begins, and waits for the first look for at most `patience_ns`.
  void start(std::int64_t patience_ns);
  // From then on each look is told.
  void listen(OnLook on_look);
  // After it `on_look` is not called any more. Idempotent.
  void stop();

  // The latest look; never null. When the driver has not answered for long, all its GPUs are shown
  // as unhealthy.
  [[nodiscard]] GpuSnapshotPtr snapshot() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace yurt::agent
