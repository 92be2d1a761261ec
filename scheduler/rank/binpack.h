// Binpack: prefer nodes that a placement fills (the "best fit v3" score of Google's cluster papers,
// as Nomad uses it). 1 on a node that becomes full, 0 on one that stays empty.
#pragma once

#include <algorithm>

#include "scheduler/rank/power_of_ten.h"

namespace yurt::scheduler {

// Both arguments: the free share (0..1) of the node, minus reserved, after the placement.
[[nodiscard]] inline double binpack_score(double free_cpu, double free_memory) {
  const double fit = 20.0 - power_of_ten(free_cpu) - power_of_ten(free_memory);
  return std::clamp(fit, 0.0, 18.0) / 18.0;
}

}  // namespace yurt::scheduler
