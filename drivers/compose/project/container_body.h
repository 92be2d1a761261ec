// What the Engine is asked to create for one container of a project. The docker driver's own
// settings and rules make the most of it; here is what a project adds.
// Looks at the machine's files (paths, env_file, secrets). Thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "drivers/compose/project/project_plan.h"
#include "drivers/docker/config/driver_options.h"
#include "drivers/docker/engine/engine.h"

namespace yurt::drivers::compose {

struct BodyMeans {
  const docker::DockerOptions& options;
  docker::ApiVersion api;
  std::string owner;           // for the label
  std::string image_id;        // what to run
  std::string cgroup_parent;   // "" = no group of the project's: its limits are divided
  std::string files_folder;    // where files are made that secrets and configs become; exists
  std::string written_file;    // where the text of a file lies that the job itself holds
  std::string network_holder;  // the container whose network a service shares; "" = its own
};

// invalid_argument and permission_denied for what can't be or may not be.
[[nodiscard]] Result<nlohmann::json> container_body(const ProjectPlan& plan,
                                                    const PlannedContainer& container,
                                                    const BodyMeans& means);

// How a container joins one of the project's networks.
[[nodiscard]] nlohmann::json endpoint_of(const PlannedContainer& container,
                                         const ServiceNetwork& network);

// The variables in the text of an env_file: NAME=value a line, quotes, comments, and ${...} outside
// of single quotes.
[[nodiscard]] Result<docker::TextMap> parse_env_file(std::string_view text,
                                                     const Variables& variables);

}  // namespace yurt::drivers::compose
