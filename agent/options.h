// What an agent is told when it starts. Plain values: reading configuration files is the
// composition root's business. Durations are int64 nanoseconds, sizes are named.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "drivers/docker/config/driver_options.h"

namespace yurt::agent {

struct HostVolumeOptions {
  std::string name;
  std::string path;  // absolute; exists
  bool read_only = false;
};

struct HostNetworkOptions {
  std::string name;
  std::string cidr;            // addresses inside it belong to the network; or
  std::string interface;       // addresses of this interface do
  std::string reserved_ports;  // "22,80,8500-8600"
};

// What the scheduler must leave to the machine itself.
struct ReservedOptions {
  std::int64_t cpu_mhz = 0;
  std::int64_t memory_mb = 0;
  std::int64_t disk_mb = 0;
  std::vector<int> cores;
  std::string ports;  // "22,80,8500-8600"
};

// When folders of finished allocations are removed (the oldest first).
struct GcOptions {
  std::int64_t interval_ns = 60 * nanoseconds_per_second;
  double disk_usage_percent = 80;   // of the disk that holds data_dir
  double inode_usage_percent = 70;  // of the same
  int max_allocs = 50;              // allocations kept, finished and running together
};

struct RawExecOptions {
  bool enabled = false;
  std::string shim_path;               // "" = yurt-shim beside the running program
  std::string cgroup_parent = "yurt";  // where tasks' cgroups are made, below the mounts
  std::string denied_host_uids;        // who tasks may not run as: "0,100-200"
  std::string denied_host_gids;
  std::vector<std::string> denied_envvars;  // globs; no task gets these
};

struct GpuOptions {
  bool enabled = true;
  // "" = NVIDIA's own name for it, whose absence is then no news.
  std::string nvml_library;
  bool share = true;                 // tasks may be given slices
  std::vector<std::string> ignored;  // UUIDs that are left alone
  std::string system_root;           // before /sys, /proc and /dev: for tests
};

struct DockerSettings {
  bool enabled = false;
  drivers::docker::DockerOptions driver;  // state_folder is the agent's business
};

struct AgentOptions {
  std::filesystem::path data_dir;    // absolute; created with mode 0711 when missing
  std::vector<std::string> servers;  // "host:port" of gRPC addresses; at least one
  std::string region = "global";
  std::string datacenter = "dc1";
  std::string node_name;  // "" = the host's name
  std::string node_class;
  std::string node_pool = "default";
  std::map<std::string, std::string> meta;
  std::string http_address;  // published as the node's HTTPAddr; "" = none
  std::string version = "0.1.0";

  std::string network_interface;  // "" = the one with the default route, else loopback
  std::string advertise_address;  // "" = that interface's first address
  std::vector<HostVolumeOptions> host_volumes;
  std::vector<HostNetworkOptions> host_networks;
  ReservedOptions reserved;
  int min_dynamic_port = 20000;
  int max_dynamic_port = 32000;
  std::int64_t cpu_total_mhz = 0;    // 0 = measured
  std::int64_t memory_total_mb = 0;  // 0 = measured
  std::int64_t disk_total_mb = 0;    // 0 = what is free on data_dir's disk at start
  int max_allocs = 0;                // the scheduler places no more than this; 0 = no limit

  std::int64_t max_kill_timeout_ns = 30 * nanoseconds_per_second;
  GcOptions gc;
  RawExecOptions raw_exec;
  DockerSettings docker;
  GpuOptions gpu;
  // Variables of the agent's own environment that host processes must not inherit; "*" at the end
  // stands for any rest.
  std::vector<std::string> env_denylist = {
      "CONSUL_TOKEN",       "CONSUL_HTTP_TOKEN",     "VAULT_TOKEN",
      "NOMAD_LICENSE",      "NOMAD_TOKEN",           "YURT_TOKEN",
      "AWS_ACCESS_KEY_ID",  "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
      "AWS_SECURITY_TOKEN", "AZURE_CLIENT_SECRET",   "GOOGLE_APPLICATION_CREDENTIALS",
  };
};

}  // namespace yurt::agent
