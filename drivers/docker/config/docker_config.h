// The docker driver's `config` block, with Nomad's names and meanings; docs/docker.md lists them.
// Plain values; parsing is pure and thread-safe. Sizes and times in the units their names say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "drivers/docker/config/config_reader.h"
#include "drivers/driver.h"

namespace yurt::drivers::docker {

struct AuthConfig {
  std::string username, password, email, server_address;
  [[nodiscard]] bool empty() const { return username.empty() && password.empty(); }
};

struct DeviceConfig {
  std::string host_path, container_path, cgroup_permissions;
};

struct MountConfig {
  std::string type = "volume";  // volume, bind, tmpfs
  std::string target, source;
  bool read_only = false;
  std::string propagation;  // bind
  bool no_copy = false;     // volume
  TextMap labels;
  std::string driver;
  TextMap driver_options;
  std::int64_t tmpfs_size_bytes = 0;
  std::int64_t tmpfs_mode = 0;
};

struct LoggingConfig {
  std::string type;
  TextMap options;
};

struct HealthcheckConfig {
  bool disable = false;
  std::vector<std::string> test;
  std::int64_t interval_ns = 0, timeout_ns = 0, start_period_ns = 0;  // 0 = the image's
  std::int64_t retries = 0;
};

struct DockerConfig {
  std::string image;
  std::string load;  // an image archive in the task's folder
  std::string command;
  std::vector<std::string> args;
  std::optional<std::vector<std::string>> entrypoint;
  AuthConfig auth;
  bool auth_soft_fail = false;
  bool force_pull = false;
  std::int64_t image_pull_timeout_ns = 300 * nanoseconds_per_second;

  std::vector<std::string> ports;                              // labels
  std::vector<std::pair<std::string, std::int64_t>> port_map;  // label → port in the container
  std::string network_mode, hostname, mac_address, ipv4_address, ipv6_address;
  std::vector<std::string> network_aliases;
  std::vector<std::string> dns_servers, dns_search_domains, dns_options, extra_hosts;

  std::vector<std::string> volumes;
  std::string volume_driver;
  std::vector<MountConfig> mounts;
  std::vector<std::string> tmpfs;  // "/run" or "/run:size=64m"
  bool readonly_rootfs = false;
  TextMap storage_opt;

  std::string work_dir;
  TextMap labels;
  std::vector<std::string> cap_add, cap_drop, security_opt, group_add;
  bool privileged = false;
  TextMap ulimit, sysctl;
  std::int64_t shm_size_bytes = 0;
  std::vector<DeviceConfig> devices;
  std::string runtime;
  bool init = false, tty = false, interactive = false;
  HealthcheckConfig healthchecks;
  LoggingConfig logging;

  std::int64_t memory_hard_limit_mib = 0;
  bool cpu_hard_limit = false;
  std::int64_t cpu_cfs_period_us = 100'000;
  std::string cpuset_cpus;
  std::int64_t pids_limit = 0;
  std::int64_t oom_score_adj = 0;
  std::string ipc_mode, pid_mode, uts_mode, userns_mode, cgroupns;
};

// Reads `text` (a JSON object) into `config`; everything wrong with it, empty = all well.
// `lenient`: values may still hold "${...}" (a job that is validated before it is placed).
[[nodiscard]] std::vector<ConfigError> parse_docker_config(std::string_view text, bool lenient,
                                                           DockerConfig& config);

}  // namespace yurt::drivers::docker
