// PropertyLimit: one distinct_property constraint: at most `limit` allocations of the job (or of
// the group) on nodes that share a value of an attribute.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "proto/job.pb.h"
#include "scheduler/feasible/target.h"

namespace yurt::scheduler {

class PropertyLimit {
 public:
  // `whole_job`: the constraint stands at job level. A limit that isn't a positive number is 1.
  PropertyLimit(const model::Constraint& constraint, bool whole_job);

  [[nodiscard]] const Target& target() const { return target_; }
  [[nodiscard]] bool whole_job() const { return whole_job_; }
  void clear() { used_.clear(); }
  void add(const std::optional<std::string>& value, int by);
  // "" when one more allocation is allowed; otherwise why not, for ConstraintFiltered.
  [[nodiscard]] std::string refusal(const std::optional<std::string>& value) const;

 private:
  Target target_;
  std::string attribute_;
  std::int64_t limit_;
  bool whole_job_;
  std::unordered_map<std::string, std::int64_t> used_;
};

}  // namespace yurt::scheduler
