// GroupFilter: may a group of a job run on a node at all? Everything that does not depend on what
// else runs there: constraints, drivers, host volumes, networks, devices.
//
// Checks that can't differ within a computed class are asked of one node of the class and
// remembered. Compiled once per job version and group; not thread-safe. distinct_hosts and
// distinct_property depend on other allocations and are elsewhere (place/).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "scheduler/devices/device_request.h"
#include "scheduler/feasible/predicate.h"

namespace yurt::scheduler {

class GroupFilter {
 public:
  // The job must outlive the filter.
  GroupFilter(const model::Job& job, const model::TaskGroup& group);
  GroupFilter(const GroupFilter&) = delete;
  GroupFilter& operator=(const GroupFilter&) = delete;

  // "" when the node passes; otherwise what it lacks, as shown in ConstraintFiltered, e.g.
  // "${attr.kernel.name} = windows" or "missing drivers".
  [[nodiscard]] std::string refusal(const model::Node& node) const;

  // The same in two halves. The class half is equal for all nodes of a computed class: the
  // position of the first check that fails, or `passes`.
  static constexpr std::size_t passes = SIZE_MAX;
  [[nodiscard]] std::size_t first_failing_of_class(const model::Node& node) const;
  // The node half: the first failing check, given the class half's answer for its class.
  [[nodiscard]] std::size_t first_failing(const model::Node& node, std::size_t of_class) const;
  [[nodiscard]] std::string reason(std::size_t check, const model::Node& node) const;
  // True when some check reads what is unique to a node.
  [[nodiscard]] bool escapes_class() const { return escapes_; }

 private:
  struct Check {
    std::function<std::string(const model::Node&)> refusal;  // "" = passes
    bool unique = false;
  };
  void add_constraint(const model::Constraint& constraint);

  std::vector<DeviceAsk> devices_;
  std::vector<Check> checks_;
  bool escapes_ = false;
};

// Datacenters (globs) and node pool: which nodes a job addresses. Not counted as filtering.
[[nodiscard]] bool addresses_datacenter(const model::Job& job, const std::string& datacenter);
[[nodiscard]] bool addresses_pool(const model::Job& job, const std::string& pool);

// As users read it: "${attr.cpu.arch} = amd64".
[[nodiscard]] std::string text_of(const model::Constraint& constraint);
[[nodiscard]] bool is_distinct_hosts(const model::Constraint& constraint);
[[nodiscard]] bool is_distinct_property(const model::Constraint& constraint);

}  // namespace yurt::scheduler
