// What the agent's configuration says about the docker driver: `plugin "docker" { config { … } }`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "drivers/cgroup/hierarchy.h"

namespace yurt::drivers::docker {

struct DockerOptions {
  std::string endpoint = "unix:///var/run/docker.sock";
  // Whether the configuration names the driver: then a machine without an Engine shows it as
  // unhealthy, instead of not showing it.
  bool configured = false;
  std::string state_folder;  // absolute: whose containers are ours, log positions, images pulled

  CgroupOptions cgroups;  // below which limits that containers share are kept

  bool allow_privileged = false;
  bool volumes_enabled = false;  // paths of the machine outside the allocation, named volumes
  std::string selinux_label;     // put on bind mounts: "z", "Z"
  // What tasks may add; "all" allows everything. Docker's own set but for net_raw.
  std::vector<std::string> allow_caps = {
      "audit_write", "chown",  "dac_override", "fowner", "fsetid",           "kill",      "mknod",
      "setfcap",     "setgid", "setpcap",      "setuid", "net_bind_service", "sys_chroot"};
  std::vector<std::string> allow_runtimes = {"runc", "nvidia"};
  std::int64_t pids_limit = 0;  // for tasks that set none, and the most they may set; 0 = none

  std::string auth_config_file;  // as `docker login` writes it
  std::string auth_helper;       // docker-credential-<helper>

  std::int64_t pull_activity_timeout_ns = 120 * nanoseconds_per_second;
  bool collect_images = true;
  std::int64_t image_delay_ns = 72 * 3600 * nanoseconds_per_second;  // unused for this long
  std::int64_t image_max_bytes = 0;  // the most that unused images may take; 0 = no limit
  // How old a container must be that belongs to no task before it is removed.
  std::int64_t dangling_grace_ns = 300 * nanoseconds_per_second;
  // How long a start waits for an Engine that is being restarted.
  std::int64_t engine_wait_ns = 60 * nanoseconds_per_second;
  std::int64_t sweep_interval_ns = 60 * nanoseconds_per_second;

  std::string logging_type = "json-file";  // for tasks that choose none
  std::vector<std::pair<std::string, std::string>> logging_options;
};

}  // namespace yurt::drivers::docker
