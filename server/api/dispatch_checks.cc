#include "server/api/dispatch_checks.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "jobspec/sweep/sweep_trials.h"
#include "jobspec/validate/validate.h"

namespace yurt::server {
namespace {

Error refused(const std::string& what) { return {ErrorCode::invalid_argument, what}; }

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

Status check_payload(const model::ParameterizedJob& rules, const std::string& payload,
                     std::size_t limit) {
  if (rules.payload() == "required" && payload.empty()) {
    return refused("Payload is not provided but required by parameterized job");
  }
  if (rules.payload() == "forbidden" && !payload.empty()) {
    return refused("Payload provided but forbidden by parameterized job");
  }
  if (payload.size() > limit) {
    return refused("Payload exceeds maximum size; " + std::to_string(payload.size()) + " > " +
                   std::to_string(limit));
  }
  return {};
}

Status check_meta(const model::ParameterizedJob& rules, const std::set<std::string>& given) {
  std::set<std::string> known(rules.meta_optional().begin(), rules.meta_optional().end());
  std::vector<std::string> missing, unknown;
  for (const std::string& name : rules.meta_required()) {
    known.insert(name);
    if (!given.contains(name)) missing.push_back(name);
  }
  for (const std::string& name : given) {
    if (!known.contains(name)) unknown.push_back(name);
  }
  if (!missing.empty()) {
    return refused("Dispatch did not provide required meta keys: [" + listed(missing) + "]");
  }
  if (!unknown.empty()) {
    return refused("Dispatch request included unpermitted metadata keys: [" + listed(unknown) +
                   "]");
  }
  return {};
}

Status check_overrides(const model::ParameterizedJob& rules,
                       const model::DispatchOverrides& overrides) {
  const auto check = [&](bool asked, const std::string& what) -> Status {
    const auto& allowed = rules.allow_override();
    if (!asked || std::find(allowed.begin(), allowed.end(), what) != allowed.end()) return {};
    return refused("a dispatch may not set " + what +
                   ": the job's allow_override does not name it");
  };
  YURT_TRY(check(overrides.has_cpu(), "cpu"));
  YURT_TRY(check(overrides.has_memory() || overrides.has_memory_max(), "memory"));
  YURT_TRY(check(!overrides.device().empty(), "device"));
  YURT_TRY(check(overrides.has_count(), "count"));
  YURT_TRY(check(!overrides.constraint().empty(), "constraint"));
  YURT_TRY(jobspec::check_devices(overrides.device()));
  if (overrides.has_cpu() && overrides.cpu() < 1) return refused("cpu must be at least 1 MHz");
  if (overrides.has_memory() && overrides.memory() < 10) {
    return refused("memory must be at least 10 MB");
  }
  if (overrides.has_count() && overrides.count() < 1) return refused("count must be at least 1");
  return {};
}

}  // namespace

Status check_dispatch(const model::Job& job, const model::DispatchSpec& spec,
                      const model::Sweep* sweep, std::size_t payload_limit) {
  const model::ParameterizedJob& rules = job.parameterized();
  YURT_TRY(check_payload(rules, spec.payload(), payload_limit));
  std::set<std::string> given;
  for (const auto& [name, value] : spec.meta()) given.insert(name);
  if (sweep != nullptr) {
    YURT_TRY(jobspec::check_sweep(*sweep));
    for (const auto& [name, value] : jobspec::trial_parameters(*sweep, 0)) {
      if (!given.insert(name).second) {
        return refused("\"" + name + "\" is a parameter of the sweep and cannot be given as meta");
      }
    }
  }
  YURT_TRY(check_meta(rules, given));
  if (spec.has_priority() && (spec.priority() < 1 || spec.priority() > 100)) {
    return refused("priority must be between 1 and 100, not " + std::to_string(spec.priority()));
  }
  return check_overrides(rules, spec.overrides());
}

}  // namespace yurt::server
