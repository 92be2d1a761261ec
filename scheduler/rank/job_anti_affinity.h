// Job anti-affinity: a node that runs allocations of the same job and group already is worth less,
// so that one failing node does not take many of them.
#pragma once

#include <cstdint>

namespace yurt::scheduler {

// `collisions`: such allocations on the node; emitted only when there are any.
// REQUIRES: desired_count > 0
[[nodiscard]] inline double job_anti_affinity_score(std::uint32_t collisions, int desired_count) {
  return -static_cast<double>(collisions + 1) / desired_count;
}

}  // namespace yurt::scheduler
