// The fingerprint: what this machine is, as the servers and job files know it. Attribute names are
// Nomad's. Reading it takes a few milliseconds and blocks; it may be taken from any thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/environment/node_facts.h"
#include "agent/options.h"
#include "agent/state/identity.h"
#include "drivers/driver.h"
#include "proto/state.pb.h"

namespace yurt::agent {

// The whole node. `now_wall_ns` stamps the drivers' entries.
[[nodiscard]] model::Node take_fingerprint(
    const AgentOptions& options, const NodeIdentity& identity,
    const std::map<std::string, std::shared_ptr<drivers::Driver>, std::less<>>& drivers,
    std::int64_t now_wall_ns);

// Whether the servers should hear of the difference. What moves all the time (times, free space)
// does not count.
[[nodiscard]] bool differs(const model::Node& before, const model::Node& after);

// What interpolation may use of a node.
[[nodiscard]] std::shared_ptr<const NodeFacts> facts_of(const model::Node& node,
                                                        const std::string& region);

}  // namespace yurt::agent
