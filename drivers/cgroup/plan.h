// The control groups of one task: from the machine's hierarchy and the task's resources to a
// list of folders to make and files to write, which yurt-shim carries out (shim/protocol.h).
// Values; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/cgroup/hierarchy.h"
#include "drivers/driver.h"

namespace yurt::drivers {

struct CgroupPlan {
  CgroupVersion version = CgroupVersion::none;
  std::vector<std::string> operations;  // in the letters of shim/protocol.h
  int memory_operation = -1;            // the one that makes the folder with the memory controller
};

// The folders a task has made for itself: what is needed to read, kill and remove them.
struct CgroupFolders {
  CgroupVersion version = CgroupVersion::none;
  std::vector<std::string> made;
  std::string memory;  // one of `made`, or empty

  bool operator==(const CgroupFolders&) const = default;
};

// Existing groups that the job file puts the task into instead of groups of its own. Limits do not
// apply then, and killing goes by descent alone, since the groups may hold others' processes.
struct CgroupOverride {
  std::string v2_path;                                        // absolute or below the mount
  std::vector<std::pair<std::string, std::string>> v1_paths;  // controller → path below its mount

  [[nodiscard]] bool empty() const { return v2_path.empty() && v1_paths.empty(); }
};

// `limits_group`: as TaskConfig has it. The limits then lie on a folder between the parent and the
// task's own, "<limits_group>.workers", which whoever leaves it last removes.
[[nodiscard]] CgroupPlan plan_cgroups(const CgroupHierarchy& hierarchy, const std::string& task_id,
                                      const Resources& resources,
                                      const std::string& limits_group = {});

// failed_precondition when the override is for the other version than the machine's.
[[nodiscard]] Result<CgroupPlan> plan_cgroup_override(const CgroupHierarchy& hierarchy,
                                                      const CgroupOverride& override_paths);

[[nodiscard]] CgroupFolders folders_of(const CgroupPlan& plan);

// The folder that tasks of one limits group share, below the parent.
[[nodiscard]] std::string limits_folder(const std::string& limits_group);
// Whether a folder (its name or path) is one of those.
[[nodiscard]] bool is_limits_folder(std::string_view folder);

// The folders a task with this id would have made, whatever its resources were and whether or not
// it shares limits: those of the groups that exist are looked through.
[[nodiscard]] CgroupFolders possible_folders(const CgroupHierarchy& hierarchy,
                                             const std::string& task_id);

// v1 shares for a number of MHz: one share each, within what the kernel accepts.
[[nodiscard]] std::int64_t cpu_shares(std::int64_t cpu_mhz);

// v2 weight (1–10000) for v1 shares (2–262144), as Kubernetes (KEP-2254) and runc convert them:
// 1 + ((shares - 2) * 9999) / 262142.
[[nodiscard]] std::int64_t cpu_weight(std::int64_t shares);

}  // namespace yurt::drivers
