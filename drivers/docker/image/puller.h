// Puller: brings images to the machine. Starts that need the same image at the same time share one
// pull; after a failure the next try waits (5 s, then twice as long each time, up to 2 minutes), so
// that a broken registry is not stormed by restarting tasks.
//
// Thread-safe. Callbacks come from threads of the puller's. Destroying it ends all pulls, whose
// callers hear of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "drivers/docker/engine/engine.h"
#include "drivers/docker/engine/workers.h"
#include "drivers/docker/image/image_name.h"
#include "drivers/shim/background.h"

namespace yurt::drivers::docker {

struct PullWish {
  std::string id;  // for cancel
  ImageName image;
  std::string auth;             // X-Registry-Auth
  std::int64_t timeout_ns = 0;  // for the whole of it, waiting included
  std::function<void(const std::string& message)> on_progress;
  // Once. deadline_exceeded, not_found, permission_denied, unavailable.
  std::function<void(Status)> on_done;
};

class Puller {
 public:
  // `activity_timeout_ns`: how long the Engine may say nothing before a pull is given up.
  Puller(Engine& engine, Background& background, std::int64_t activity_timeout_ns);
  ~Puller();

  void pull(PullWish wish);
  // The wish ends with an error soon; the pull too, when nobody else wants it.
  void cancel(const std::string& id);

 private:
  struct Wish {
    PullWish wish;
    std::int64_t deadline_ns = 0;  // steady
  };
  struct Pull {
    ImageName image;
    std::string auth;
    std::vector<Wish> wishes;
    bool running = false;
    Interrupt interrupt;
  };
  struct Failure {
    int count = 0;
    std::int64_t next_try_ns = 0;  // steady
    std::string message;
  };

  void schedule(const std::string& key);
  void run(const std::string& key);
  [[nodiscard]] Status transfer(const std::string& key, Pull& pull);
  void tell(const std::string& key, const std::string& message);
  // Ends the wishes whose time is over; false, and the pull is forgotten, when none is left.
  bool drop_late(const std::string& key, const Pull& pull);
  void finish(const std::string& key, const Pull& pull, const Status& outcome);

  Engine& engine_;
  Background& background_;
  const std::int64_t activity_timeout_ns_;
  SystemClock clock_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Pull>> pulls_;  // by image and credentials
  std::map<std::string, Failure> failures_;             // likewise
  bool ending_ = false;
  // For what waits in the background and may come too late.
  struct Alive {
    std::mutex mutex;
    bool value = true;
  };
  std::shared_ptr<Alive> alive_ = std::make_shared<Alive>();
  Workers workers_;
};

}  // namespace yurt::drivers::docker
