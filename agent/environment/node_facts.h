// NodeFacts: what interpolation may say about the node. A value, shared read-only.
#pragma once

#include <map>
#include <string>

namespace yurt::agent {

struct NodeFacts {
  std::string id, name, datacenter, region, node_class, node_pool;
  std::map<std::string, std::string> attributes;
  std::map<std::string, std::string> meta;
};

}  // namespace yurt::agent
