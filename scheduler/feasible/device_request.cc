#include "scheduler/feasible/device_request.h"

#include <algorithm>
#include <cmath>

namespace yurt::scheduler {

DeviceRequest::DeviceRequest(const model::RequestedDevice& requested)
    : count_(requested.has_count() ? requested.count() : 1) {
  const std::string& name = requested.name();
  const auto first = name.find('/');
  if (first == std::string::npos) {
    type_ = name;
  } else {
    vendor_ = name.substr(0, first);
    const auto second = name.find('/', first + 1);
    type_ = name.substr(first + 1, second == std::string::npos ? second : second - first - 1);
    if (second != std::string::npos) name_ = name.substr(second + 1);
  }
  for (const auto& constraint : requested.constraint()) {
    constraints_.emplace_back(constraint.attribute(), constraint.operator_(), constraint.value());
  }
  for (const auto& affinity : requested.affinity()) {
    const double weight = affinity.has_weight() ? affinity.weight() : 50;
    affinities_.push_back(
        {Predicate(affinity.attribute(), affinity.operator_(), affinity.value()), weight});
    weight_total_ += std::abs(weight);
  }
}

bool DeviceRequest::matches(const model::NodeDevice& device) const {
  const auto same = [](const std::string& wanted, const std::string& value) {
    return wanted.empty() || wanted == value;
  };
  return same(vendor_, device.vendor()) && same(type_, device.type()) &&
         same(name_, device.name()) &&
         std::all_of(constraints_.begin(), constraints_.end(),
                     [&](const Predicate& predicate) { return predicate.holds_for(device); });
}

double DeviceRequest::affinity_sum(const model::NodeDevice& device) const {
  double sum = 0;
  for (const Affinity& affinity : affinities_) {
    if (affinity.predicate.holds_for(device)) sum += affinity.weight;
  }
  return sum;
}

bool has_devices(const std::vector<DeviceRequest>& requests, const model::Node& node) {
  const auto& devices = node.node_resources().devices();
  std::vector<std::uint64_t> left;
  for (const auto& device : devices) {
    left.push_back(static_cast<std::uint64_t>(
        std::count_if(device.instances().begin(), device.instances().end(),
                      [](const auto& instance) { return instance.healthy(); })));
  }
  for (const DeviceRequest& request : requests) {
    bool served = false;
    for (int i = 0; i < devices.size() && !served; ++i) {
      auto& available = left[static_cast<std::size_t>(i)];
      if (available < request.count() || !request.matches(devices[i])) continue;
      available -= request.count();
      served = true;
    }
    if (!served) return false;
  }
  return true;
}

}  // namespace yurt::scheduler
