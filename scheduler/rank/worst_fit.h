// The `spread` scheduler algorithm: prefer nodes that stay empty. The mirror image of binpack.
#pragma once

#include <algorithm>

#include "scheduler/rank/power_of_ten.h"

namespace yurt::scheduler {

// Both arguments: the free share (0..1) of the node, minus reserved, after the placement.
[[nodiscard]] inline double worst_fit_score(double free_cpu, double free_memory) {
  const double fit = power_of_ten(free_cpu) + power_of_ten(free_memory) - 2.0;
  return std::clamp(fit, 0.0, 18.0) / 18.0;
}

}  // namespace yurt::scheduler
