// What a project has at the Engine beside its containers: networks and volumes; and finding and
// removing all that is a project's, by Yurt's own labels. Blocks; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "drivers/compose/project/project_plan.h"
#include "drivers/docker/config/driver_options.h"
#include "drivers/docker/task/services.h"

namespace yurt::drivers::compose {

// A container as the Engine lists it.
struct ListedContainer {
  std::string id, task_id, key, state, status;
  std::int64_t created_at_ns = 0;
};

// This agent's containers of projects: of one task, or ("") of all.
[[nodiscard]] Result<std::vector<ListedContainer>> list_containers(docker::Services& services,
                                                                   const std::string& task_id);

// resource_exhausted when another project of this name, or a network's name, is there already;
// conflict when it is the allocation's own, of an earlier run that is being removed.
[[nodiscard]] Status check_name_is_free(docker::Services& services, const ProjectPlan& plan);
[[nodiscard]] Status make_networks(docker::Services& services, const ProjectPlan& plan,
                                   const docker::DockerOptions& options);
[[nodiscard]] Status make_volumes(docker::Services& services, const ProjectPlan& plan,
                                  const docker::DockerOptions& options);

// Everything of the task's but its volumes; containers are killed. Errors: unavailable.
[[nodiscard]] Status remove_objects(docker::Services& services, const std::string& task_id);

// Networks and volumes of this agent's, each with whom it belongs to.
struct LeftOver {
  std::string name;
  std::string owner_id;  // the task of a network, the allocation of a volume
};
[[nodiscard]] Result<std::vector<LeftOver>> list_networks(docker::Services& services);
[[nodiscard]] Result<std::vector<LeftOver>> list_volumes(docker::Services& services);
void remove_network(docker::Services& services, const std::string& name);
void remove_volume(docker::Services& services, const std::string& name);

}  // namespace yurt::drivers::compose
