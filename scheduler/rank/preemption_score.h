// Preemption: the more important what would be evicted, the less a node is worth.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace yurt::scheduler {

// One number for several victims: the highest priority, and a little for each further one.
[[nodiscard]] inline double net_priority(const std::vector<int>& priorities) {
  double highest = 0, sum = 0;
  for (int priority : priorities) {
    highest = std::max(highest, static_cast<double>(priority));
    sum += priority;
  }
  return highest > 0 ? highest + sum / highest : 0;
}

// Logistic: near 1 for small net priorities, 1/2 at 2048.
[[nodiscard]] inline double preemption_score(double net_priority) {
  return 1.0 / (1.0 + std::exp(0.0048 * (net_priority - 2048.0)));
}

}  // namespace yurt::scheduler
