// The order in which jobs that wait for one another are registered.
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "server/state/snapshot.h"

namespace yurt::server {

// Positions of `jobs`, those first that others wait for. invalid_argument when a job waits for one
// that is neither among them nor registered, for one that never ends, or, around a cycle, for
// itself; the error shows the path.
[[nodiscard]] Result<std::vector<std::size_t>> registration_order(
    const Snapshot& state, const std::vector<const model::Job*>& jobs);

}  // namespace yurt::server
