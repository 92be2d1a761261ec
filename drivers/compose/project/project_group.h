// The control group that holds all containers of a project, with the task's limits on it: what the
// services use together counts. Possible where the Engine makes plain control groups (its cgroupfs
// driver) and the agent may do so too. Thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "drivers/driver.h"

namespace yurt::drivers::compose {

// Makes the group; gives what the Engine calls it (CgroupParent). Any error: do without it.
[[nodiscard]] Result<std::string> make_project_group(const std::string& task_id,
                                                     const Resources& resources);

// Removes the group, which must hold no process any more, from every controller. Idempotent.
void remove_project_group(const std::string& task_id);

}  // namespace yurt::drivers::compose
