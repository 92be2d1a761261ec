// raw_exec: runs a program on the machine itself, supervised by yurt-shim, limited by cgroups.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "drivers/cgroup/hierarchy.h"
#include "drivers/driver.h"

namespace yurt::drivers {

struct RawExecOptions {
  // Tasks can do whatever the agent's user can; so it has to be allowed in the configuration.
  bool enabled = false;
  std::string state_folder;  // absolute: where shims keep their state; see default_state_folder
  std::string shim_program;  // path of yurt-shim; empty = beside the running program
  CgroupOptions cgroups;
  // Who tasks may not run as: "0,100-200".
  std::string denied_host_uids;
  std::string denied_host_gids;
  // Environment variables (globs) that no task gets.
  std::vector<std::string> denied_envvars;
};

// invalid_argument for a wrong option; failed_precondition when another agent uses the state
// folder. A machine that can't run tasks (no yurt-shim, no cgroups) is no error: fingerprint says
// so. Raise the process's file descriptor limit before: each running task holds one. Tasks inherit
// the resource limits (ulimit) that the agent has at its first start of a task.
[[nodiscard]] Result<std::unique_ptr<Driver>> make_raw_exec(RawExecOptions options);

// Where the shims of the agent with this data folder keep their state. Tasks do not survive the
// machine's restart, and their state need not: so a memory file system where there is one that
// lasts as long as the machine runs (/run or /dev/shm, for root), since some disk file systems
// (ext4) make a short-lived file cost a millisecond; else below the data folder. Depends on nothing
// that changes from one start of the agent to the next. Nobody may empty it while tasks run: a
// systemd unit must not claim it as its RuntimeDirectory.
[[nodiscard]] std::string default_state_folder(const std::string& data_folder);

}  // namespace yurt::drivers
