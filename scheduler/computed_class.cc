#include "scheduler/computed_class.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proto/state.pb.h"

namespace yurt::scheduler {
namespace {

// FNV-1a (Fowler, Noll, Vo), 64 bits; every part ends with its length, so that parts can't run
// into each other.
class Fingerprint {
 public:
  void add(std::string_view text) {
    for (char c : text) add_byte(static_cast<std::uint8_t>(c));
    std::uint64_t length = text.size();
    for (int i = 0; i < 8; ++i, length >>= 8) add_byte(static_cast<std::uint8_t>(length));
  }
  void add(bool flag) { add(flag ? std::string_view("1") : std::string_view("0")); }
  void add(std::int64_t number) { add(std::to_string(number)); }
  // Protobuf maps have no order of their own.
  template <typename Map, typename Act>
  void add_sorted(std::string_view name, const Map& map, Act add_value) {
    add(name);
    std::vector<const typename Map::value_type*> entries;
    for (const auto& entry : map) {
      if (!std::string_view(entry.first).starts_with("unique.")) entries.push_back(&entry);
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto* a, const auto* b) { return a->first < b->first; });
    for (const auto* entry : entries) {
      add(entry->first);
      add_value(entry->second);
    }
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void add_byte(std::uint8_t byte) { value_ = (value_ ^ byte) * 0x100000001b3; }
  std::uint64_t value_ = 0xcbf29ce484222325;
};

void add_devices(Fingerprint& print, const model::Node& node) {
  for (const auto& device : node.node_resources().devices()) {
    print.add(device.vendor());
    print.add(device.type());
    print.add(device.name());
    print.add_sorted("attributes", device.attributes(),
                     [&](const auto& attribute) { print.add(attribute.SerializeAsString()); });
    // How many work, and how much memory each has, matters to whether a request can ever be met;
    // which ones they are does not.
    std::vector<std::int64_t> memories;
    for (const auto& instance : device.instances()) {
      if (instance.healthy()) memories.push_back(instance.memory_mib());
    }
    print.add(static_cast<std::int64_t>(memories.size()));
    std::sort(memories.begin(), memories.end());
    // Devices that are only given whole count as before there were slices.
    for (std::int64_t memory : memories) {
      if (memory > 0) print.add(memory);
    }
  }
}

void add_networks(Fingerprint& print, const model::Node& node) {
  // Addresses are unique; the modes and the names of host networks are what jobs can ask for.
  std::vector<std::string> names;
  for (const auto& network : node.node_resources().node_networks()) {
    names.push_back("mode " + network.mode());
    for (const auto& address : network.addresses()) names.push_back("alias " + address.alias());
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names) print.add(name);
}

}  // namespace

std::string computed_class(const model::Node& node) {
  Fingerprint print;
  print.add(node.datacenter());
  print.add(node.node_pool().empty() ? std::string_view("default")
                                     : std::string_view(node.node_pool()));
  print.add(node.node_class());
  const auto add_text = [&](const std::string& text) { print.add(text); };
  print.add_sorted("attributes", node.attributes(), add_text);
  print.add_sorted("meta", node.meta(), add_text);
  print.add_sorted("drivers", node.drivers(), [&](const model::DriverInfo& driver) {
    print.add(driver.detected());
    print.add(driver.healthy());
  });
  print.add_sorted("host_volumes", node.host_volumes(),
                   [&](const model::HostVolume& volume) { print.add(volume.read_only()); });
  add_devices(print, node);
  add_networks(print, node);
  return "v1:" + std::to_string(print.value());
}

}  // namespace yurt::scheduler
