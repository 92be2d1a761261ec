// Rows of batch work: children that wait in their parent's lane, sweeps and trials.
//
// Rows are immutable and shared; they are small because there may be a hundred thousand of them.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>

#include "proto/allocation.h"

namespace yurt::model {
class DispatchedChild;
class SweepRecord;
class TrialRecord;
}  // namespace yurt::model

namespace yurt::server {

using ChildRef = std::shared_ptr<const model::DispatchedChild>;
using TrialRef = std::shared_ptr<const model::TrialRecord>;

// What waits in a lane: one child, or the trials of a sweep that have not been launched.
struct WaitingRow {
  JobRef parent;   // the version it was dispatched from
  std::string id;  // the child's, or the sweep's
  bool sweep = false;
  std::int32_t priority = 0;
  std::uint64_t create_index = 0;
  std::string child;  // serialized model.DispatchedChild; empty for a sweep
};
using WaitingRef = std::shared_ptr<const WaitingRow>;

// A record that holds `sweep` and `spec` alone.
using SweepPlanRef = std::shared_ptr<const model::SweepRecord>;

struct SweepRow {
  SweepRow(JobRef parent, SweepPlanRef plan, model::SweepRecord record);
  ~SweepRow();

  // The record as users see it, with its plan.
  [[nodiscard]] model::SweepRecord whole() const;

  JobRef parent;
  // What never changes and may be long (a list of trials, a payload); `record` is without it.
  SweepPlanRef plan;
  std::unique_ptr<const model::SweepRecord> record;
};
using SweepRef = std::shared_ptr<const SweepRow>;

// The order of a lane: by priority, the higher first, then by submission.
struct LaneKey {
  std::uint64_t parent_hash = 0;
  std::int32_t rank = 0;  // minus the priority
  std::uint64_t create_index = 0;
  auto operator<=>(const LaneKey&) const = default;
};

struct TrialKey {
  std::uint64_t sweep_hash = 0;  // job_hash() of namespace and sweep
  std::uint32_t trial = 0;
  auto operator<=>(const TrialKey&) const = default;
};

// Which child or sweep of a job carries an idempotency token.
struct TokenKey {
  std::uint64_t parent_hash = 0;
  std::string token;
  auto operator<=>(const TokenKey&) const = default;
};
struct TokenRow {
  std::string id;
  bool sweep = false;
};

}  // namespace yurt::server
