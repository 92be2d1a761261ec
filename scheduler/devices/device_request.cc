#include "scheduler/devices/device_request.h"

#include <algorithm>
#include <cmath>

#include "base/size.h"

namespace yurt::scheduler {
namespace {

std::vector<std::string> ids_in(const std::string& list) {
  std::vector<std::string> ids;
  for (std::size_t start = 0; start <= list.size();) {
    const std::size_t comma = std::min(list.find(',', start), list.size());
    std::string id = list.substr(start, comma - start);
    const auto first = id.find_first_not_of(" \t");
    if (first != std::string::npos) {
      ids.push_back(id.substr(first, id.find_last_not_of(" \t") - first + 1));
    }
    start = comma + 1;
  }
  return ids;
}

}  // namespace

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
    if (constraint.attribute() == "${device.ids}") {
      id_conditions_.push_back({constraint.operator_(), ids_in(constraint.value())});
    }
  }
  for (const auto& affinity : requested.affinity()) {
    const double weight = affinity.has_weight() ? affinity.weight() : 50;
    affinities_.push_back(
        {Predicate(affinity.attribute(), affinity.operator_(), affinity.value()), weight});
    weight_total_ += std::abs(weight);
  }
  const model::ShareDevices& share = requested.share_devices();
  if (!requested.has_share_devices() || (share.has_enabled() && !share.enabled())) return;
  if (!share.memory().empty()) {
    const auto memory = parse_size_mib(share.memory());
    readable_ = memory.ok();
    if (memory.ok()) size_.memory_mib = *memory;
  }
  fraction_ = share.fraction();
  size_.fraction_millionths = fraction_millionths(fraction_);
  size_.max_sharers = share.max();
}

bool DeviceRequest::matches(const model::NodeDevice& device) const {
  const auto same = [](const std::string& wanted, const std::string& value) {
    return wanted.empty() || wanted == value;
  };
  return readable_ && same(vendor_, device.vendor()) && same(type_, device.type()) &&
         same(name_, device.name()) &&
         std::all_of(constraints_.begin(), constraints_.end(),
                     [&](const Predicate& predicate) { return predicate.holds_for(device); });
}

bool DeviceRequest::allows(const std::string& instance_id) const {
  return std::all_of(
      id_conditions_.begin(), id_conditions_.end(), [&](const IdCondition& condition) {
        const bool listed = std::find(condition.ids.begin(), condition.ids.end(), instance_id) !=
                            condition.ids.end();
        if (condition.op == "!=" || condition.op == "not") return !listed;
        if (condition.op.empty() || condition.op == "=" || condition.op == "==" ||
            condition.op == "is" || condition.op.starts_with("set_contains")) {
          return listed;
        }
        return true;
      });
}

double DeviceRequest::affinity_sum(const model::NodeDevice& device) const {
  double sum = 0;
  for (const Affinity& affinity : affinities_) {
    if (affinity.predicate.holds_for(device)) sum += affinity.weight;
  }
  return sum;
}

}  // namespace yurt::scheduler
