// LaunchSpec: everything yurt-shim needs to know to run one process, resolved: no names to look up,
// no defaults to apply. And its encoding (Spec of shim/protocol.h). A value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "drivers/cgroup/plan.h"
#include "drivers/driver.h"

namespace yurt::drivers {

struct UserIds {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;  // exactly these, `gid` included
};

struct LaunchSpec {
  std::string id;
  std::string program;                                   // absolute path
  std::vector<std::string> arguments;                    // argv, the name first
  std::vector<std::pair<std::string, std::string>> env;  // the last of equal names wins
  std::string work_folder;                               // absolute
  std::optional<UserIds> user;                           // none = the agent's own
  CgroupPlan cgroups;
  LogFiles logs;
  std::int32_t oom_score_adj = 0;
};

// invalid_argument when a text holds a NUL byte, which no process can be given.
[[nodiscard]] Result<std::string> encode(const LaunchSpec& spec);

}  // namespace yurt::drivers
