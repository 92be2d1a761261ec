// The folders a container sees: the allocation's, the job's host volumes, and what `volumes`,
// `mount` and `tmpfs` of the config ask for. Looks at the machine's files (links). Thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "drivers/docker/config/docker_config.h"
#include "drivers/docker/config/driver_options.h"
#include "drivers/driver.h"

namespace yurt::drivers::docker {

inline constexpr const char* inner_alloc_dir = "/alloc";
inline constexpr const char* inner_task_dir = "/local";
inline constexpr const char* inner_secrets_dir = "/secrets";

// Puts Binds, Mounts and Tmpfs into `host_config`. permission_denied when a path leads out of the
// allocation and the agent does not allow that.
[[nodiscard]] Status add_mounts(const TaskConfig& task, const DockerConfig& config,
                                const DockerOptions& options, nlohmann::json& host_config);

// `path` as the machine knows it: relative ones lie in the task's folder. Links are followed, so
// that none leads out of the allocation. permission_denied as above.
[[nodiscard]] Result<std::string> host_path_of(const std::string& path, const TaskConfig& task,
                                               const DockerOptions& options);

}  // namespace yurt::drivers::docker
