#include "tests/support/cluster/invariants.h"

#include <map>
#include <set>
#include <sstream>

#include "base/glob.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "scheduler/feasible/predicate.h"

namespace yurt::test {
namespace {

struct Use {
  std::int64_t cpu = 0, memory = 0, disk = 0;
  int allocs = 0;
  std::multiset<std::string> exclusive;                    // cores and ports by name
  std::map<std::string, std::vector<DeviceSize>> devices;  // their holders
};

// "" or how the holders of one device exceed it.
std::string device_error(const std::vector<DeviceSize>& holders, std::int64_t capacity_mib) {
  std::int64_t memory = 0, fraction = 0;
  for (const DeviceSize& size : holders) {
    if (size.whole() && holders.size() > 1) return "is held whole beside others";
    memory += size.memory_mib;
    fraction += size.fraction_millionths;
    if (size.max_sharers > 0 && holders.size() > static_cast<std::size_t>(size.max_sharers)) {
      return "has more sharers than one of them allows";
    }
  }
  if (memory > capacity_mib) return "has its memory overcommitted";
  return fraction > whole_device_millionths ? "has its shares overcommitted" : "";
}

std::string device_error(const Use& use, const model::Node& node) {
  std::map<std::string, std::int64_t> capacities;
  for (const auto& device : node.node_resources().devices()) {
    for (const auto& instance : device.instances()) {
      capacities[device.vendor() + "/" + device.type() + "/" + device.name() + "/" +
                 instance.id()] = instance.memory_mib();
    }
  }
  for (const auto& [name, holders] : use.devices) {
    const auto capacity = capacities.find(name);
    if (capacity == capacities.end()) return name + " does not exist";
    if (auto error = device_error(holders, capacity->second); !error.empty()) {
      return name + " " + error;
    }
  }
  return "";
}

std::string job_name(const Allocation& alloc) {
  return alloc.job->namespace_() + "/" + alloc.job->id();
}

std::string constraint_error(const model::Constraint& constraint, const Allocation& placed,
                             const model::Node& node, const scheduler::StateView& state,
                             const std::vector<AllocRef>& after, bool of_job) {
  const auto counts = [&](const AllocRef& other) {
    return !other->terminal() && job_name(*other) == job_name(placed) &&
           (of_job || other->task_group().name() == placed.task_group().name());
  };
  if (constraint.operator_() == "distinct_hosts") {
    int on_node = 0;
    for (const AllocRef& other : after) on_node += counts(other) && other->node == placed.node;
    return on_node <= 1 ? "" : "two on one host";
  }
  if (constraint.operator_() == "distinct_property") {
    const scheduler::Target target(constraint.attribute());
    const auto value = target.resolve(node);
    int with_value = 0;
    for (const AllocRef& other : after) {
      const auto there = state.node(other->node);
      with_value += counts(other) && there && target.resolve(*there) == value;
    }
    const int limit = constraint.value().empty() ? 1 : std::stoi(constraint.value());
    return value && with_value <= limit ? "" : "too many with one property value";
  }
  const scheduler::Predicate predicate(constraint.attribute(), constraint.operator_(),
                                       constraint.value());
  return predicate.holds_for(node) ? "" : "constraint on " + constraint.attribute() + " violated";
}

std::string placement_error(const Allocation& placed, const scheduler::StateView& state,
                            const std::vector<AllocRef>& after) {
  const auto node = state.node(placed.node);
  if (!node) return "unknown node";
  if (node->status() != "ready") return "node is " + node->status();
  if (node->scheduling_eligibility() != "eligible" || node->has_drain_strategy()) {
    return "node is not eligible";
  }
  bool in_datacenter = false;
  for (const auto& glob : placed.job->datacenters()) {
    in_datacenter |= glob_match(glob, node->datacenter());
  }
  if (!in_datacenter) return "wrong datacenter";
  if (placed.job->node_pool() != "all" && placed.job->node_pool() != node->node_pool()) {
    return "wrong pool";
  }
  for (const auto& task : placed.task_group().task()) {
    const auto driver = node->drivers().find(task.driver());
    if (driver == node->drivers().end() || !driver->second.healthy()) return "no driver";
    for (const auto& one : task.constraint()) {
      if (auto error = constraint_error(one, placed, *node, state, after, false); !error.empty()) {
        return error;
      }
    }
  }
  for (const bool of_job : {true, false}) {
    for (const auto& one : of_job ? placed.job->constraint() : placed.task_group().constraint()) {
      if (auto error = constraint_error(one, placed, *node, state, after, of_job); !error.empty()) {
        return error;
      }
    }
  }
  return "";
}

}  // namespace

std::string overcommit_error(const std::vector<scheduler::NodeRef>& nodes,
                             const std::vector<AllocRef>& allocs) {
  std::map<NodeId, Use> uses;
  for (const AllocRef& alloc : allocs) {
    if (alloc->terminal()) continue;
    Use& use = uses[alloc->node];
    use.cpu += alloc->resources->totals.cpu_mhz;
    use.memory += alloc->resources->totals.memory_mb;
    use.disk += alloc->resources->totals.disk_mb;
    ++use.allocs;
    for (int core : alloc->resources->reserved_cores) {
      use.exclusive.insert("core " + std::to_string(core));
    }
    for (const auto& port : alloc->ports) {
      use.exclusive.insert("port " + port.host_ip + ":" + std::to_string(port.value));
    }
    for (const auto& device : alloc->resources->devices) {
      use.devices[device.instance].push_back(device.size);
    }
  }
  for (const auto& node : nodes) {
    const Use& use = uses[NodeId::parse_or_nil(node->id())];
    const auto& all = node->node_resources();
    const std::string where = "node " + node->name() + ": ";
    if (use.cpu > all.cpu().cpu_shares()) return where + "CPU is overcommitted";
    if (use.memory > all.memory().memory_mb()) return where + "memory is overcommitted";
    if (use.disk > all.disk().disk_mb()) return where + "disk is overcommitted";
    if (node->max_allocs() > 0 && use.allocs > node->max_allocs()) {
      return where + "too many allocations";
    }
    for (const std::string& thing : use.exclusive) {
      if (use.exclusive.count(thing) > 1) return where + thing + " is given twice";
    }
    if (auto error = device_error(use, *node); !error.empty()) return where + error;
  }
  return "";
}

std::string constraint_error(const scheduler::Plan& plan, const scheduler::StateView& state,
                             const std::vector<AllocRef>& after) {
  for (const AllocRef& placed : plan.place) {
    if (auto error = placement_error(*placed, state, after); !error.empty()) {
      return placed->name() + ": " + error;
    }
  }
  return "";
}

std::string needless_stop_error(const scheduler::Plan& plan, const scheduler::StateView& state) {
  for (const auto& stop : plan.stop) {
    const Allocation& alloc = *stop.alloc;
    const JobRef job = state.job({alloc.job->namespace_(), alloc.job->id()});
    const auto node = state.node(alloc.node);
    if (!job || job->stop() || alloc.job != job || alloc.terminal() || !node) continue;
    if (node->status() != "ready" || alloc.client == ClientStatus::unknown) continue;
    if (alloc.more().transition.migrate || alloc.more().disconnected_at != 0) continue;
    if (alloc.more().canary) continue;
    // A replacement gives way when the original is heard of again, and a duplicate of a name may.
    bool shares_name = false;
    for (const AllocRef& other : state.allocs_of_job({job->namespace_(), job->id()})) {
      shares_name |= other->id != alloc.id && !other->terminal() &&
                     other->name_index == alloc.name_index &&
                     other->task_group().name() == alloc.task_group().name();
    }
    if (shares_name) continue;
    if (alloc.name_index < static_cast<std::uint32_t>(alloc.task_group().count())) {
      return alloc.name() + " is stopped (" + stop.description + ") though nothing asks for it";
    }
  }
  return "";
}

std::string preemption_error(const scheduler::Plan& plan) {
  for (const auto& preemption : plan.preempt) {
    if (preemption.alloc->job->priority() + 10 > plan.job->priority()) {
      return preemption.alloc->name() + " is preempted though its priority is within ten";
    }
  }
  return "";
}

std::string describe(const scheduler::Plan& plan) {
  std::ostringstream text;
  for (const AllocRef& alloc : plan.place) {
    text << "place " << alloc->id.to_string() << ' ' << alloc->name() << " on "
         << alloc->node.to_string() << " v" << alloc->job->version();
    for (const auto& port : alloc->ports) text << ' ' << port.label << '=' << port.value;
    for (int core : alloc->resources->reserved_cores) text << " core " << core;
    for (const auto& device : alloc->resources->devices) {
      text << ' ' << device.instance << ':' << device.size.memory_mib << ':'
           << device.size.fraction_millionths << ':' << device.size.max_sharers;
    }
    text << " after " << alloc->more().previous.to_string() << '\n';
  }
  for (const auto& stop : plan.stop) {
    text << "stop " << stop.alloc->id.to_string() << ' ' << stop.description << '\n';
  }
  for (const auto& update : plan.update) {
    text << "update " << update.alloc->id.to_string() << ' ' << (update.job != nullptr) << ' '
         << update.followup_eval.to_string() << '\n';
  }
  for (const auto& preemption : plan.preempt) {
    text << "preempt " << preemption.alloc->id.to_string() << '\n';
  }
  if (plan.deployment) text << "deployment " << plan.deployment->id() << '\n';
  for (const auto& update : plan.deployment_updates) text << update.status << '\n';
  return text.str();
}

}  // namespace yurt::test
