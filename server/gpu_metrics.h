// The use of GPUs as Prometheus text, from what nodes sent with their last heartbeat. Pure.
//
// Written beside the registry and not into it: GPUs come and go with their nodes, and a series of
// one that is gone must end.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace yurt::server {

// Of each node its name and the JSON of GET /v1/client/stats; "" where none has come yet.
[[nodiscard]] std::string gpu_metrics_text(
    const std::vector<std::pair<std::string, std::string>>& nodes);

}  // namespace yurt::server
