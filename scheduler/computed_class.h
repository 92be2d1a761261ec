// computed_class: a fingerprint of everything about a node that feasibility can depend on, except
// what is unique to it (ID, name, attributes and meta keys that start with "unique.").
//
// Nodes with equal fingerprints are feasible for the same groups, so the scheduler checks one node
// of each class, and a blocked evaluation wakes only for classes it may fit. The server calls this
// whenever a node registers or changes. Pure; the same on every machine.
#pragma once

#include <string>

namespace yurt::model {
class Node;
}

namespace yurt::scheduler {

// "v1:" and a decimal number.
[[nodiscard]] std::string computed_class(const model::Node& node);

}  // namespace yurt::scheduler
