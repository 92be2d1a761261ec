// What the agent lets a container do. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "drivers/docker/config/docker_config.h"
#include "drivers/docker/config/driver_options.h"

namespace yurt::drivers::docker {

// permission_denied with a sentence that names the agent's setting.
[[nodiscard]] Status check_allowed(const DockerConfig& config, const DockerOptions& options);

// What a container must do without, as the Engine names it: what the config drops, and those of
// the Engine's own set that the agent does not allow.
[[nodiscard]] std::vector<std::string> dropped_capabilities(const DockerConfig& config,
                                                            const DockerOptions& options);

}  // namespace yurt::drivers::docker
