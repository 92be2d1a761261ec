// The sweep: removes containers of this agent's that no task answers for any more, and images that
// Yurt pulled and nobody uses. Containers without this agent's label are not looked at.
// Blocks; thread-safe.
#pragma once

#include "drivers/docker/config/driver_options.h"
#include "drivers/docker/image/image_uses.h"
#include "drivers/docker/task/container_state.h"
#include "drivers/docker/task/services.h"

namespace yurt::drivers::docker {

struct OwnContainer {
  std::string id;
  ContainerState state;  // as labelled
  std::int64_t created_at_ns = 0;
  bool ever_started = false;  // false: its start was cut off
};

// All containers of this agent, running or ended.
[[nodiscard]] Result<std::vector<OwnContainer>> own_containers(Services& services);

void remove_own_container(Services& services, const OwnContainer& container);
void sweep_containers(Services& services, std::int64_t grace_ns, std::int64_t now_wall_ns);
void sweep_images(Services& services, ImageUses& images, const DockerOptions& options,
                  std::int64_t now_wall_ns);

}  // namespace yurt::drivers::docker
