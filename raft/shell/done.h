// How the end of an operation is told to whoever asked for it.
#pragma once

#include <functional>

#include "base/result.h"
#include "raft/consensus.h"

namespace yurt::raft {

using StatusDone = std::function<void(Status)>;
using ProposalDone = std::function<void(Result<Proposed>)>;

}  // namespace yurt::raft
