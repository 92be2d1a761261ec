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
  std::string state_folder;  // absolute: where shims keep their state, e.g. <data>/shims
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
// so. Raise the process's file descriptor limit before: each running task holds one.
[[nodiscard]] Result<std::unique_ptr<Driver>> make_raw_exec(RawExecOptions options);

}  // namespace yurt::drivers
