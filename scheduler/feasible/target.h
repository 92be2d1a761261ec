// Target: one side of a constraint, an affinity or a spread: a literal, or "${...}" read from a
// node. Compiled once, resolved for many nodes. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace yurt::model {
class Node;
class NodeDevice;
}  // namespace yurt::model

namespace yurt::scheduler {

class Target {
 public:
  // Anything that isn't a known "${...}" reference is missing on every node; text that does not
  // start with "${" is a literal.
  explicit Target(std::string_view text);

  // nullopt: the node does not have it.
  [[nodiscard]] std::optional<std::string> resolve(const model::Node& node) const;
  // For "${device.*}" on a group of devices; anything else as `resolve` without a node.
  [[nodiscard]] std::optional<std::string> resolve(const model::NodeDevice& device) const;

  [[nodiscard]] bool is_literal() const { return kind_ == Kind::literal; }
  [[nodiscard]] const std::string& literal() const { return key_; }
  // True when nodes of one computed class may differ in it.
  [[nodiscard]] bool is_unique() const { return unique_; }

 private:
  enum class Kind {
    literal,
    node_id,
    node_name,
    datacenter,
    node_class,
    node_pool,
    attribute,
    meta,
    device_model,
    device_vendor,
    device_type,
    device_ids,
    device_attribute,
    missing,
  };
  Kind kind_ = Kind::missing;
  bool unique_ = false;
  std::string key_;
};

}  // namespace yurt::scheduler
