// What a node's new registration says about its devices that the last one did not, as node events:
// a device that fails, recovers, comes or goes. Pure.
#pragma once

#include <vector>

#include "proto/state.pb.h"

namespace yurt::server {

[[nodiscard]] std::vector<model::NodeEvent> device_events(const model::Node& before,
                                                          const model::Node& after);

}  // namespace yurt::server
