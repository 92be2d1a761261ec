// What a core said, as one line of text for a person who follows a run.
#pragma once

#include <string>

#include "raft/core/output.h"

namespace yurt::raft::sim {

[[nodiscard]] std::string describe(const Message& message);
[[nodiscard]] std::string describe(const Output& output);

}  // namespace yurt::raft::sim
