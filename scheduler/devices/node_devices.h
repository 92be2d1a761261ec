// NodeDevices: a node's devices as the scheduler looks at them, read once per change of the node.
// A plain value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace yurt::model {
class Node;
}

namespace yurt::scheduler {

// The node attribute that says whether tasks may take slices of its devices; "false" forbids it.
inline constexpr const char* device_sharing_attribute = "gpu.share";

struct NodeDevices {
  struct Instance {
    std::string id;
    std::string key;  // "vendor/type/name/id", as grants name it
    std::int64_t memory_mib = 0;
    bool healthy = false;
  };
  bool shares = true;
  std::vector<std::vector<Instance>> groups;  // as in NodeResources.devices

  // nullptr: the node has no such instance.
  [[nodiscard]] const Instance* find(const std::string& key) const;
};

[[nodiscard]] NodeDevices node_devices(const model::Node& node);

}  // namespace yurt::scheduler
