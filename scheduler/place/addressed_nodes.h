// AddressedNodes: the nodes that a group of a job may use at all, found once per run: ready,
// eligible, in the job's datacenters and pool, and passing the group's filter.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/feasible/group_filter.h"

namespace yurt::scheduler {

struct AddressedNodes {
  AddressedNodes(const ClusterView& view, const model::Job& job, const GroupFilter& filter);

  int evaluated = 0;                               // ready nodes in datacenters and pool
  int in_pool = 0;                                 // ready nodes in the pool
  std::vector<Slot> feasible;                      // of those evaluated, the ones the filter passes
  std::map<std::string, int> available;            // ready nodes in the pool by datacenter
  std::map<std::string, int> constraint_filtered;  // by reason
  std::map<std::string, int> class_filtered;       // by node class
  std::unordered_map<std::string, bool> class_eligibility;  // by computed class
};

}  // namespace yurt::scheduler
