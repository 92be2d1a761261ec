// The docker driver: runs tasks as containers, through the Docker Engine's API. docs/docker.md is
// its manual; start reading here, then task/container_start.h and task/container.h.
#pragma once

#include <memory>

#include "drivers/docker/engine_side.h"
#include "drivers/driver.h"

namespace yurt::drivers {

// A machine without an Engine is no error: fingerprint says so, and sees one that comes later.
[[nodiscard]] std::unique_ptr<Driver> make_docker(std::shared_ptr<docker::EngineSide> side);

// Everything wrong with a `config` block that may still hold "${...}": for job validation.
[[nodiscard]] std::vector<ConfigError> check_docker_config(std::string_view config);

}  // namespace yurt::drivers
