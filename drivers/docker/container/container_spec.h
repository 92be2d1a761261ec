// What the Engine is asked to create for a task: the body of POST /containers/create.
// Thread-safe; looks at the machine's files only for mounts and security profiles.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "drivers/docker/config/docker_config.h"
#include "drivers/docker/config/driver_options.h"
#include "drivers/docker/engine/engine.h"
#include "drivers/driver.h"

namespace yurt::drivers::docker {

struct ContainerRequest {
  const TaskConfig& task;
  const DockerConfig& config;
  const DockerOptions& options;
  ApiVersion api;
  std::string image;            // what to run: an image's id or name
  std::string owner;            // for the label
  std::string state;            // for the label
  std::string cgroup_parent{};  // where limits lie that it shares; empty: the Engine's own
};

// invalid_argument and permission_denied for what can't be or may not be.
[[nodiscard]] Result<nlohmann::json> container_spec(const ContainerRequest& request);

}  // namespace yurt::drivers::docker
