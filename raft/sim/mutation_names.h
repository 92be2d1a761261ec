// The deliberate faults by name, for tests and raft_sim.
#pragma once

#include <vector>

#include "raft/core/mutations.h"

namespace yurt::raft::sim {

struct NamedMutation {
  const char* name;
  bool Mutations::*flag;
};

[[nodiscard]] const std::vector<NamedMutation>& all_mutations();

}  // namespace yurt::raft::sim
