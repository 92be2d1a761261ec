#include "scheduler/feasible/group_filter.h"

#include <algorithm>
#include <memory>
#include <set>

#include "base/glob.h"
#include "scheduler/devices/device_choice.h"
#include "scheduler/feasible/network_check.h"

namespace yurt::scheduler {
namespace {

bool drivers_work(const std::set<std::string>& drivers, const model::Node& node) {
  return std::all_of(drivers.begin(), drivers.end(), [&](const std::string& driver) {
    auto at = node.drivers().find(driver);
    if (at != node.drivers().end()) return at->second.detected() && at->second.healthy();
    // Agents that report no driver table still say "driver.x" = "1".
    auto attribute = node.attributes().find("driver." + driver);
    return attribute != node.attributes().end() &&
           (attribute->second == "1" || attribute->second == "true");
  });
}

// A per_alloc volume is one of several, "name[0]", "name[1]"...: any of them makes the node fit.
bool has_volume(const model::VolumeRequest& request, const model::Node& node) {
  for (const auto& [name, volume] : node.host_volumes()) {
    const bool same =
        request.per_alloc() ? name.starts_with(request.source() + "[") : name == request.source();
    if (same && (!volume.read_only() || request.read_only())) return true;
  }
  return false;
}

bool has_host_volumes(const model::TaskGroup& group, const model::Node& node) {
  return std::all_of(group.volume().begin(), group.volume().end(), [&](const auto& volume) {
    return volume.type() == "csi" || has_volume(volume, node);
  });
}

}  // namespace

std::string text_of(const model::Constraint& constraint) {
  const std::string op = constraint.operator_().empty() ? "=" : constraint.operator_();
  if (constraint.value().empty()) return constraint.attribute() + " " + op;
  return constraint.attribute() + " " + op + " " + constraint.value();
}

bool is_distinct_hosts(const model::Constraint& constraint) {
  return constraint.operator_() == "distinct_hosts";
}

bool is_distinct_property(const model::Constraint& constraint) {
  return constraint.operator_() == "distinct_property";
}

bool addresses_datacenter(const model::Job& job, const std::string& datacenter) {
  return std::any_of(job.datacenters().begin(), job.datacenters().end(),
                     [&](const std::string& glob) { return glob_match(glob, datacenter); });
}

bool addresses_pool(const model::Job& job, const std::string& pool) {
  const std::string wanted = job.node_pool().empty() ? "default" : job.node_pool();
  return wanted == "all" || wanted == (pool.empty() ? "default" : pool);
}

void GroupFilter::add_constraint(const model::Constraint& constraint) {
  if (is_distinct_hosts(constraint) || is_distinct_property(constraint)) return;
  auto predicate = std::make_shared<Predicate>(constraint.attribute(), constraint.operator_(),
                                               constraint.value());
  const bool unique = predicate->is_unique();
  escapes_ = escapes_ || unique;
  checks_.push_back({[predicate, text = text_of(constraint)](const model::Node& node) {
                       return predicate->holds_for(node) ? std::string() : text;
                     },
                     unique});
}

GroupFilter::GroupFilter(const model::Job& job, const model::TaskGroup& group) {
  for (const auto& constraint : job.constraint()) add_constraint(constraint);

  std::set<std::string> drivers;
  for (const auto& task : group.task()) drivers.insert(task.driver());
  checks_.push_back({[drivers](const model::Node& node) -> std::string {
                       return drivers_work(drivers, node) ? "" : "missing drivers";
                     },
                     false});

  for (const auto& constraint : group.constraint()) add_constraint(constraint);
  for (const auto& task : group.task()) {
    for (const auto& constraint : task.constraint()) add_constraint(constraint);
  }

  if (!group.volume().empty()) {
    checks_.push_back({[&group](const model::Node& node) -> std::string {
                         return has_host_volumes(group, node) ? ""
                                                              : "missing compatible host volumes";
                       },
                       false});
  }
  if (!group.network().empty()) {
    bool unique = false;
    for (const auto& network : group.network()) {
      for (const auto* ports : {&network.reserved_ports(), &network.dynamic_ports()}) {
        for (const auto& port : *ports) unique |= Target(port.host_network()).is_unique();
      }
    }
    escapes_ = escapes_ || unique;
    checks_.push_back(
        {[&group](const model::Node& node) { return network_refusal(group, node); }, unique});
  }
  bool by_instance = false;
  for (const auto& task : group.task()) {
    for (const auto& device : task.resources().device()) {
      devices_.push_back({task.name(), DeviceRequest(device)});
      for (const auto& constraint : device.constraint()) {
        by_instance |= constraint.attribute() == "${device.ids}";
      }
    }
  }
  if (!devices_.empty()) {
    escapes_ = escapes_ || by_instance;
    checks_.push_back(
        {[this](const model::Node& node) -> std::string { return missing_devices(devices_, node); },
         by_instance});
  }
}

std::string GroupFilter::refusal(const model::Node& node) const {
  for (const Check& check : checks_) {
    if (auto reason = check.refusal(node); !reason.empty()) return reason;
  }
  return "";
}

std::size_t GroupFilter::first_failing_of_class(const model::Node& node) const {
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    if (!checks_[i].unique && !checks_[i].refusal(node).empty()) return i;
  }
  return passes;
}

std::size_t GroupFilter::first_failing(const model::Node& node, std::size_t of_class) const {
  const std::size_t end = std::min(of_class, checks_.size());
  for (std::size_t i = 0; i < end; ++i) {
    if (checks_[i].unique && !checks_[i].refusal(node).empty()) return i;
  }
  return of_class;
}

std::string GroupFilter::reason(std::size_t check, const model::Node& node) const {
  return checks_[check].refusal(node);
}

}  // namespace yurt::scheduler
