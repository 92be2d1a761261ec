// EngineSide: what the drivers that use one Docker Engine share: the connection, this agent's mark
// on what it creates, pulls and collected images, and the sweep. Thread-safe.
//
// Its drivers end together: each calls shut_down before it goes, after which nothing submitted runs
// any more, on behalf of any of them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "drivers/docker/config/driver_options.h"
#include "drivers/docker/image/image_uses.h"
#include "drivers/docker/image/puller.h"
#include "drivers/docker/task/services.h"

namespace yurt::drivers::docker {

class EngineSide {
 public:
  // Errors: io when the state folder can't be used. A machine without an Engine is no error.
  [[nodiscard]] static Result<std::shared_ptr<EngineSide>> open(DockerOptions options,
                                                                Random& random);
  ~EngineSide() { shut_down(); }

  const DockerOptions options;
  Services services;
  ImageUses images;

  // Valid until shut_down.
  [[nodiscard]] Puller& puller() { return *puller_; }

  // Calls `sweep` with the time of day (Unix nanoseconds), on a worker, every sweep_interval.
  void on_sweep(std::function<void(std::int64_t now_wall_ns)> sweep);

  // Whether there is, or may come to be, an Engine at the endpoint.
  [[nodiscard]] bool socket_exists() const;

  // Ends calls under way and waits for the workers. Idempotent.
  void shut_down();

 private:
  EngineSide(DockerOptions given, std::string owner, std::unique_ptr<EventLoop> loop);
  void sweep_later();

  std::unique_ptr<Puller> puller_;
  std::mutex mutex_;
  std::vector<std::function<void(std::int64_t)>> sweeps_;
};

}  // namespace yurt::drivers::docker
