#include "scheduler/place/property_limit.h"

#include <charconv>

namespace yurt::scheduler {

PropertyLimit::PropertyLimit(const model::Constraint& constraint, bool whole_job)
    : target_(constraint.attribute()),
      attribute_(constraint.attribute()),
      limit_(1),
      whole_job_(whole_job) {
  const std::string& text = constraint.value();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value > 0) limit_ = value;
}

void PropertyLimit::add(const std::optional<std::string>& value, int by) {
  if (value) used_[*value] += by;
}

std::string PropertyLimit::refusal(const std::optional<std::string>& value) const {
  if (!value) return "missing property \"" + attribute_ + "\"";
  const auto at = used_.find(*value);
  const std::int64_t used = at == used_.end() ? 0 : at->second;
  if (used < limit_) return "";
  return "distinct_property: " + attribute_ + "=" + *value + " used by " + std::to_string(used) +
         " allocs";
}

}  // namespace yurt::scheduler
