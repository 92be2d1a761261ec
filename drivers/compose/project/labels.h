// The labels by which `docker compose` knows projects, beside Yurt's own
// (drivers/docker/container/labels.h).
#pragma once

namespace yurt::drivers::compose::label {

inline constexpr const char* project = "com.docker.compose.project";
inline constexpr const char* service = "com.docker.compose.service";
inline constexpr const char* number = "com.docker.compose.container-number";
inline constexpr const char* oneoff = "com.docker.compose.oneoff";
inline constexpr const char* config_hash = "com.docker.compose.config-hash";
inline constexpr const char* version = "com.docker.compose.version";
inline constexpr const char* config_files = "com.docker.compose.project.config_files";
inline constexpr const char* working_dir = "com.docker.compose.project.working_dir";
inline constexpr const char* network = "com.docker.compose.network";
inline constexpr const char* volume = "com.docker.compose.volume";

inline constexpr const char* version_value = "yurt";

}  // namespace yurt::drivers::compose::label
