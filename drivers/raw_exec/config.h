// raw_exec's `config` block. Pure; thread-safe.
//
//   command             the program: absolute, relative to the task's folder, or found in PATH
//   args                its arguments
//   work_dir            where it runs (absolute); default: the task's folder
//   oom_score_adj       0–1000: how readily the kernel kills it when memory runs out
//   cgroup_v2_override  an existing v2 group to run in
//   cgroup_v1_override  controller → existing v1 group to run in
//   denied_envvars      environment variables (globs) that the task does not get
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "drivers/cgroup/plan.h"
#include "drivers/driver.h"

namespace yurt::drivers {

struct RawExecConfig {
  std::string command;
  std::vector<std::string> args;
  std::string work_dir;
  std::int32_t oom_score_adj = 0;
  CgroupOverride cgroup_override;
  std::vector<std::string> denied_envvars;
};

// Reads `text` (a JSON object) into `config`; everything wrong with it, empty = all well.
// Block-style maps (an array of objects, as HCL blocks become) are read as the map they mean.
[[nodiscard]] std::vector<ConfigError> parse_raw_exec_config(std::string_view text,
                                                             RawExecConfig& config);

}  // namespace yurt::drivers
