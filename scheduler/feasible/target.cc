#include "scheduler/feasible/target.h"

#include <array>
#include <cstdio>

#include "proto/state.pb.h"

namespace yurt::scheduler {
namespace {

// Numbers with their unit: "81559 MiB".
std::string text_of(const model::DeviceAttribute& attribute) {
  if (attribute.has_string()) return attribute.string();
  if (attribute.has_bool_()) return attribute.bool_() ? "true" : "false";
  const std::string unit = attribute.unit().empty() ? "" : " " + attribute.unit();
  if (attribute.has_int_()) return std::to_string(attribute.int_()) + unit;
  if (attribute.has_float_()) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%.17g", attribute.float_());
    return text.data() + unit;
  }
  return "";
}

template <typename Map>
std::optional<std::string> look_up(const Map& map, const std::string& key) {
  auto at = map.find(key);
  if (at == map.end()) return std::nullopt;
  return at->second;
}

}  // namespace

Target::Target(std::string_view text) {
  if (!text.starts_with("${")) {
    kind_ = Kind::literal;
    key_ = text;
    return;
  }
  if (!text.ends_with("}")) return;
  const std::string_view name = text.substr(2, text.size() - 3);
  const auto prefixed = [&](std::string_view prefix, Kind kind) {
    if (!name.starts_with(prefix)) return false;
    kind_ = kind;
    key_ = name.substr(prefix.size());
    unique_ = key_.starts_with("unique.");
    return true;
  };
  if (name == "node.unique.id") {
    kind_ = Kind::node_id;
    unique_ = true;
  } else if (name == "node.unique.name") {
    kind_ = Kind::node_name;
    unique_ = true;
  } else if (name == "node.datacenter") {
    kind_ = Kind::datacenter;
  } else if (name == "node.class") {
    kind_ = Kind::node_class;
  } else if (name == "node.pool") {
    kind_ = Kind::node_pool;
  } else if (name == "device.model") {
    kind_ = Kind::device_model;
  } else if (name == "device.vendor") {
    kind_ = Kind::device_vendor;
  } else if (name == "device.type") {
    kind_ = Kind::device_type;
  } else if (name == "device.ids") {
    kind_ = Kind::device_ids;
  } else {
    prefixed("attr.", Kind::attribute) || prefixed("meta.", Kind::meta) ||
        prefixed("device.attr.", Kind::device_attribute);
  }
}

std::optional<std::string> Target::resolve(const model::Node& node) const {
  switch (kind_) {
    case Kind::literal: return key_;
    case Kind::node_id: return node.id();
    case Kind::node_name: return node.name();
    case Kind::datacenter: return node.datacenter();
    case Kind::node_class: return node.node_class();
    case Kind::node_pool: return node.node_pool().empty() ? "default" : node.node_pool();
    case Kind::attribute: return look_up(node.attributes(), key_);
    case Kind::meta: return look_up(node.meta(), key_);
    default: return std::nullopt;
  }
}

std::optional<std::string> Target::resolve(const model::NodeDevice& device) const {
  switch (kind_) {
    case Kind::literal: return key_;
    case Kind::device_model: return device.name();
    case Kind::device_vendor: return device.vendor();
    case Kind::device_type: return device.type();
    case Kind::device_ids: {
      std::string ids;
      for (const auto& instance : device.instances()) {
        if (!ids.empty()) ids += ",";
        ids += instance.id();
      }
      return ids;
    }
    case Kind::device_attribute: {
      auto at = device.attributes().find(key_);
      if (at == device.attributes().end()) return std::nullopt;
      return text_of(at->second);
    }
    default: return std::nullopt;
  }
}

}  // namespace yurt::scheduler
