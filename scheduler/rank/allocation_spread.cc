#include "scheduler/rank/allocation_spread.h"

#include <algorithm>

#include "base/assert.h"

namespace yurt::scheduler {

SpreadUse::SpreadUse(const model::Spread& spread, int count, double weight_share)
    : weight_share_(weight_share) {
  double percent_left = 100;
  for (const auto& target : spread.target()) {
    targets_[target.value()] = target.percent() / 100.0 * count;
    percent_left -= target.percent();
  }
  if (!targets_.empty() && percent_left > 0) others_ = percent_left / 100.0 * count;
}

void SpreadUse::remove(const std::string& value) {
  auto at = used_.find(value);
  YURT_ASSERT(at != used_.end() && at->second > 0);
  --at->second;
}

std::int64_t SpreadUse::used(const std::string& value) const {
  auto at = used_.find(value);
  return at == used_.end() ? 0 : at->second;
}

std::optional<double> SpreadUse::desired(const std::string& value) const {
  auto at = targets_.find(value);
  return at == targets_.end() ? others_ : std::optional<double>(at->second);
}

double SpreadUse::boost(const std::string& value, double desired) const {
  return (desired - static_cast<double>(used(value) + 1)) / desired * weight_share_;
}

double SpreadUse::score(const std::optional<std::string>& value) const {
  if (!value) return -1.0;
  return targets_.empty() ? even_score(*value) : targeted_score(*value);
}

double SpreadUse::targeted_score(const std::string& value) const {
  const auto wanted = desired(value);
  if (!wanted) return -1.0;
  if (*wanted > 0) return boost(value, *wanted);
  // Wanted nowhere: as bad as the worst value there is.
  double lowest = -1.0;
  for (const auto& [target, target_wanted] : targets_) {
    if (target_wanted > 0) lowest = std::min(lowest, boost(target, target_wanted));
  }
  return lowest;
}

double SpreadUse::even_score(const std::string& value) const {
  if (used_.empty()) return 0;
  std::int64_t lowest = INT64_MAX, highest = 0;
  for (const auto& [name, count] : used_) {
    lowest = std::min(lowest, count);
    highest = std::max(highest, count);
  }
  const std::int64_t current = used(value);
  if (current != lowest) {
    return lowest == 0 ? -1.0 : static_cast<double>(lowest - current) / static_cast<double>(lowest);
  }
  if (lowest == highest) return -1.0;
  return lowest == 0 ? 1.0 : static_cast<double>(highest - lowest) / static_cast<double>(lowest);
}

}  // namespace yurt::scheduler
