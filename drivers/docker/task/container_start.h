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
#include "drivers/docker/task/container_state.h"
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
  // Makes the limits that the task shares with other workers, or gives it its part of them where
  // that can't be.
  [[nodiscard]] Status enter_limits();
  void leave_limits();
  [[nodiscard]] Result<std::string> create_container();
  // What is known of it before it runs.
  [[nodiscard]] ContainerState own_state() const;
  void remove_container(const std::string& container_id);
  void progress(const std::string& message) const;
  void finish(Result<std::shared_ptr<Task>> outcome);

  Means means_;
  TaskConfig task_;
  DockerConfig config_;
  ImageName image_;
  std::string image_id_;
  std::string cgroup_parent_;  // of a group that has been entered
  StartEvents events_;
  std::function<void()> on_over_;
  std::int64_t engine_deadline_ns_ = 0;  // steady
  bool told_waiting_ = false;
  std::atomic<bool> cancelled_ = false;
  std::atomic<bool> over_ = false;
};

}  // namespace yurt::drivers::docker
