// Commands run in a container (`alloc exec`, script checks).
#pragma once

#include <memory>

#include "drivers/docker/task/container.h"
#include "drivers/driver.h"

namespace yurt::drivers::docker {

// As Task::exec. `services` outlives the session; `container` is its id.
[[nodiscard]] Result<std::unique_ptr<ExecSession>> start_container_exec(
    Services& services, const std::string& container_id, const ExecRequest& request,
    ExecEvents events);

}  // namespace yurt::drivers::docker
