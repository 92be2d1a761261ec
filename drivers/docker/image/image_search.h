// ImageSearch: has an image on the machine: the local copy, else pulled; held by shared_ptr until
// its callback has come. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "drivers/docker/config/docker_config.h"
#include "drivers/docker/config/driver_options.h"
#include "drivers/docker/image/image_name.h"
#include "drivers/docker/image/image_uses.h"
#include "drivers/docker/image/puller.h"
#include "drivers/docker/task/services.h"

namespace yurt::drivers::docker {

struct ImageWish {
  std::string id;  // for Puller::cancel
  ImageName image;
  AuthConfig auth;
  bool auth_soft_fail = false;
  bool ask_registry = false;  // force_pull: the local copy is not good enough
  bool stay_local = false;    // no pull, whatever the image's tag
  std::int64_t pull_timeout_ns = 0;
  std::function<void(const std::string& message)> on_progress;
  // Once, from one of the workers or from find() itself: the image's id, or why there is none.
  // `engine_away`: asking the Engine for its local copy has failed; it may be back soon.
  std::function<void(Result<std::string> id, bool engine_away)> on_done;
};

class ImageSearch : public std::enable_shared_from_this<ImageSearch> {
 public:
  struct Means {
    Services& services;
    const DockerOptions& options;
    Puller& puller;
    ImageUses& images;
  };
  ImageSearch(Means means, ImageWish wish) : means_(means), wish_(std::move(wish)) {}

  // Blocks for calls to the Engine; call it on a worker.
  void find();

 private:
  void pull();
  void pulled(const Status& outcome);
  // The local image's id; not_found when there is none.
  [[nodiscard]] Result<std::string> local(std::int64_t* size_bytes = nullptr);

  Means means_;
  const ImageWish wish_;
};

}  // namespace yurt::drivers::docker
