// The compose driver: runs a whole compose project as one task, through the Docker Engine's API.
// docs/compose.md is its manual; start reading here, then model/read_project.h (the file),
// project/project_plan.h (what becomes of it) and task/project_run.h (its life).
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "drivers/docker/engine_side.h"
#include "drivers/driver.h"

namespace yurt::drivers {

// `side` is shared with the docker driver.
[[nodiscard]] std::unique_ptr<Driver> make_compose(std::shared_ptr<docker::EngineSide> side);

// Everything wrong with a `config` block that may still hold "${...}": for job validation.
[[nodiscard]] std::vector<ConfigError> check_compose_config(std::string_view config);

}  // namespace yurt::drivers
