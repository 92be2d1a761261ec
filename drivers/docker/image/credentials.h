// Who Yurt is to a registry: from the job's auth block, else from the file that `docker login`
// writes, else from a credential helper. Reads files and runs the helper, so it may block for
// seconds. Thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "drivers/docker/config/docker_config.h"
#include "drivers/docker/config/driver_options.h"

namespace yurt::drivers::docker {

// The value of the X-Registry-Auth header; empty: go without credentials. `soft`: what can't be
// had is done without (auth_soft_fail).
[[nodiscard]] Result<std::string> registry_auth(const AuthConfig& auth, bool soft,
                                                const std::string& registry,
                                                const DockerOptions& options);

// The same from the content of a docker config file; not_found when it has nothing for `registry`.
// `helper` is set instead when the file sends us to one.
struct FileAuth {
  std::string header;
  std::string helper;
};
[[nodiscard]] Result<FileAuth> auth_from_file(const std::string& content,
                                              const std::string& registry);

}  // namespace yurt::drivers::docker
