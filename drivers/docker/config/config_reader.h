// ConfigReader: JSON values of a `config` block into plain fields, collecting what is wrong.
//
// HCL blocks arrive as arrays of objects and interpolated values as texts: both are read as what
// they mean. While `lenient`, a text that still holds "${" passes for any scalar: it is to be
// interpolated on the node. Not thread-safe.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/driver.h"

namespace yurt::drivers::docker {

using TextMap = std::vector<std::pair<std::string, std::string>>;

class ConfigReader {
 public:
  using Json = nlohmann::json;
  // `driver` is named where a setting of the block itself is refused.
  ConfigReader(std::vector<ConfigError>& errors, bool lenient, std::string driver = "docker")
      : errors_(errors), lenient_(lenient), driver_(std::move(driver)) {}

  void fail(const std::string& field, const std::string& what) {
    errors_.push_back({field, field + " " + what});
  }

  void read(const std::string& field, const Json& value, std::string& into);
  void read(const std::string& field, const Json& value, bool& into);
  void read(const std::string& field, const Json& value, std::optional<bool>& into);
  void read(const std::string& field, const Json& value, std::int64_t& into);
  // A duration: "5m".
  void read_duration(const std::string& field, const Json& value, std::int64_t& into_ns);
  void read(const std::string& field, const Json& value, std::vector<std::string>& into);
  void read(const std::string& field, const Json& value, TextMap& into);

  // Calls `each` for every block: an object is one, an array of objects several.
  template <typename Each>
  void blocks(const std::string& field, const Json& value, Each each) {
    if (value.is_object()) return each(field, value);
    if (!value.is_array()) return fail(field, "must be a block");
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string own = value.size() == 1 ? field : field + "[" + std::to_string(i) + "]";
      if (value[i].is_object()) {
        each(own, value[i]);
      } else {
        fail(own, "must be a block");
      }
    }
  }

  // One setting of a block of type T.
  template <typename T>
  struct Setting {
    std::string_view name;
    void (*read)(ConfigReader&, const std::string& field, const Json&, T&);
  };

  // Reads a block by its table of settings; what is not in the table is refused.
  template <typename T>
  void read_block(const std::string& field, const Json& block, std::span<const Setting<T>> settings,
                  T& into) {
    for (const auto& [key, value] : block.items()) {
      const std::string own = field.empty() ? key : field + "." + key;
      bool known = false;
      for (const Setting<T>& setting : settings) {
        if (setting.name != key) continue;
        known = true;
        if (!value.is_null()) setting.read(*this, own, value, into);
        break;
      }
      if (known) continue;
      std::vector<std::string_view> names;
      for (const Setting<T>& setting : settings) names.push_back(setting.name);
      refuse(own, key, field, names);
    }
  }

 private:
  void refuse(const std::string& own, const std::string& key, const std::string& block,
              std::span<const std::string_view> names);
  [[nodiscard]] bool passes(const Json& value) const;

  std::vector<ConfigError>& errors_;
  const bool lenient_;
  const std::string driver_;
};

}  // namespace yurt::drivers::docker
