// Dependencies: evaluates jobs that waited for others once these have ended.
#pragma once

#include <optional>

#include "base/random.h"
#include "server/state/snapshot.h"

namespace yurt::model {
class Command;
}

namespace yurt::server {

// Releases the jobs whose dependencies are met, and gives up those whose dependency ended
// otherwise; nullopt when there are none.
[[nodiscard]] std::optional<model::Command> next_release(const Snapshot& state, Random& random);

}  // namespace yurt::server
