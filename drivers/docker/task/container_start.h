// ContainerStart: the way from a TaskConfig to a running container: wait for the Engine, check the
// config, have the image, create, start. Held by shared_ptr; each step runs on one of the driver's
// workers. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "drivers/docker/config/docker_config.h"
#include "drivers/docker/config/driver_options.h"
#include "drivers/docker/image/image_name.h"
#include "drivers/docker/image/image_search.h"
#include "drivers/docker/task/services.h"
#include "drivers/driver.h"

namespace yurt::drivers::docker {

class ContainerStart : public std::enable_shared_from_this<ContainerStart> {
 public:
  using Means = ImageSearch::Means;
  // `on_over` is called once, right before events.on_done.
  ContainerStart(Means means, TaskConfig task, StartEvents events, std::function<void()> on_over);

  void begin();
  void cancel();
  // Ends it with an error, unless it has ended. For a driver that goes away.
  void abandon();

 private:
  void run_on_worker(void (ContainerStart::*step)());
  void check();
  void wait_for_engine(const Error& error);
  void find_image();
  [[nodiscard]] Status load_image();
  void create();
  [[nodiscard]] Result<std::string> create_container();
  void remove_container(const std::string& container_id);
  void progress(const std::string& message) const;
  void finish(Result<std::shared_ptr<Task>> outcome);

  Means means_;
  const TaskConfig task_;
  DockerConfig config_;
  ImageName image_;
  std::string image_id_;
  StartEvents events_;
  std::function<void()> on_over_;
  std::int64_t engine_deadline_ns_ = 0;  // steady
  bool told_waiting_ = false;
  std::atomic<bool> cancelled_ = false;
  std::atomic<bool> over_ = false;
};

}  // namespace yurt::drivers::docker
