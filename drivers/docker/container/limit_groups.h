// LimitGroups: the control groups whose limits hold for several containers together, those of the
// workers of one task: "<parent>/<group>.workers", which the Engine is asked to put them below.
//
// A group exists while a container is being started into it or is in it; the last one that is
// removed takes it along. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/result.h"
#include "drivers/cgroup/hierarchy.h"
#include "drivers/driver.h"

namespace yurt::drivers::docker {

class LimitGroups {
 public:
  explicit LimitGroups(const CgroupOptions& options);

  // Whether the Engine, which manages its groups with `cgroup_driver` (as GET /info says), can put
  // containers below groups of ours: not through systemd, and not where none can be made.
  [[nodiscard]] bool usable(const std::string& cgroup_driver) const;

  // Makes the group with these limits, which stays until leave() at least. What the Engine is told
  // as CgroupParent. REQUIRES: usable
  [[nodiscard]] Result<std::string> enter(const std::string& group, const Resources& resources);
  // A start is over, either way, or a container of the group has been removed: `starting` says
  // which. Removes the group when nothing is in it any more.
  void leave(const std::string& group, bool starting);
  // Whether the Engine has put the container where it was asked to.
  [[nodiscard]] bool holds(const std::string& group, const std::string& container_id) const;

 private:
  void remove_if_empty(const std::string& group) const;

  const CgroupHierarchy hierarchy_;
  std::mutex mutex_;
  std::map<std::string, int> starting_;  // by group: starts under way
};

}  // namespace yurt::drivers::docker
