// History: what has ended long enough ago to leave the history of runs and sweeps, which is on disk
// and outlives garbage collection. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace yurt::model {
class Command;
}

namespace yurt::server {

// How long what has ended stays to be looked up; 0: for ever.
struct HistorySettings {
  std::int64_t run_retention_ns = 90 * 24 * 3600 * nanoseconds_per_second;
  std::int64_t sweep_retention_ns = 30 * 24 * 3600 * nanoseconds_per_second;
};

class HistoryTrimming {
 public:
  explicit HistoryTrimming(const HistorySettings& settings) : settings_(settings) {}

  // The commands that are due at `now_ns` (Unix nanoseconds). Trimming reads the whole history, so
  // it is due each time a hundredth of what is kept has become too old.
  [[nodiscard]] std::vector<model::Command> take_due(std::int64_t now_ns);

 private:
  const HistorySettings settings_;
  std::int64_t runs_trimmed_ns_ = 0, sweeps_trimmed_ns_ = 0;
};

}  // namespace yurt::server
