// What the core's refusals say to a person. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "raft/core/output.h"

namespace yurt::raft {

// REQUIRES: refusal != Refusal::none. `leader`, `leader_address`: the leader if one is known.
[[nodiscard]] Error refusal_error(Refusal refusal, PeerId leader,
                                  const std::string& leader_address);

}  // namespace yurt::raft
