// Which control groups this machine offers, and the folder in them that is ours.
//
// v2 when a cgroup2 mount has the cpu or memory controller (or nothing else is there), else v1 from
// the controllers' own mounts, else none: tasks run then without limits, and `warnings` says so.
// Layout: <mount>/<parent>/<task id>. detect only reads; prepare makes the parent folders ready.
// A value; thread-safe while nobody assigns to it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace yurt::drivers {

enum class CgroupVersion { none = 0, v1 = 1, v2 = 2 };

struct CgroupOptions {
  std::string parent = "yurt";  // relative to the mounts; may have several parts
  // Put before /proc/self/mountinfo and before every mount point: tests build a tree of their own.
  std::string root_prefix;
};

struct CgroupHierarchy {
  CgroupVersion version = CgroupVersion::none;
  std::string parent;
  // v1: the mount point of each usable controller of cpu, memory, cpuset, devices; v2: the same
  // mount point for each controller that tasks can use, and under "" in any case.
  std::map<std::string, std::string> mounts;
  // v1's cpuset needs memory nodes beside cores: those of the parent. Set by prepare.
  std::string cpuset_memory_nodes;
  // What does not work, a sentence each.
  std::vector<std::string> warnings;

  [[nodiscard]] bool has(const std::string& controller) const {
    return mounts.contains(controller);
  }
  // The parent's folder of `controller`. REQUIRES: has(controller)
  [[nodiscard]] std::string parent_folder(const std::string& controller) const {
    return mounts.at(controller) + "/" + parent;
  }
  // "v2", "v1" or "none".
  [[nodiscard]] const char* version_name() const;
};

[[nodiscard]] CgroupHierarchy detect_cgroups(const CgroupOptions& options);

// Creates the parent folders and hands the controllers down to them. What can't be had (no
// privilege, a read-only mount) is taken from `hierarchy` and explained in its warnings.
void prepare_cgroups(CgroupHierarchy& hierarchy);

}  // namespace yurt::drivers
