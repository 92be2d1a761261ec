#include "drivers/raw_exec/config.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "drivers/raw_exec/nearest_name.h"

namespace yurt::drivers {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 7> known_fields = {
    "command",
    "args",
    "work_dir",
    "oom_score_adj",
    "cgroup_v2_override",
    "cgroup_v1_override",
    "denied_envvars",
};

class Reader {
 public:
  explicit Reader(std::vector<ConfigError>& errors) : errors_(errors) {}

  void fail(const std::string& field, const std::string& what) {
    errors_.push_back({field, field + " " + what});
  }

  void read(const std::string& field, const Json& value, std::string& into) {
    if (value.is_string()) {
      into = value.get<std::string>();
    } else if (value.is_number() || value.is_boolean()) {
      into = scalar_text(value);
    } else {
      fail(field, "must be a text");
    }
  }

  void read(const std::string& field, const Json& value, std::vector<std::string>& into) {
    if (!value.is_array()) return fail(field, "must be a list of texts");
    for (std::size_t i = 0; i < value.size(); ++i) {
      read(field + "[" + std::to_string(i) + "]", value[i], into.emplace_back());
    }
  }

  void read(const std::string& field, const Json& value,
            std::vector<std::pair<std::string, std::string>>& into) {
    if (value.is_array()) {
      for (const Json& block : value) read(field, block, into);
      return;
    }
    if (!value.is_object()) return fail(field, "must be a map of texts");
    for (const auto& [key, item] : value.items()) {
      std::string text;
      read(field + "." + key, item, text);
      if (item.is_string() && text.empty()) fail(field + "." + key, "must not be empty");
      into.emplace_back(key, std::move(text));
    }
  }

  void read_oom_score(const Json& value, std::int32_t& into) {
    double number = -1;
    if (value.is_number()) {
      number = value.get<double>();
    } else if (value.is_string()) {
      // Interpolated values arrive as text.
      const std::string& text = value.get_ref<const std::string&>();
      const Json parsed = Json::parse(text, nullptr, false);
      if (parsed.is_number()) number = parsed.get<double>();
    }
    if (number < 0 || number > 1000 || number != std::floor(number)) {
      return fail("oom_score_adj", "must be a whole number from 0 to 1000");
    }
    into = static_cast<std::int32_t>(number);
  }

 private:
  // 8080 and not 8080.0: every number of a Struct is a double.
  static std::string scalar_text(const Json& value) {
    if (value.is_number_float()) {
      const double number = value.get<double>();
      if (number == std::floor(number) && std::abs(number) < 9e15) {
        return std::to_string(static_cast<std::int64_t>(number));
      }
    }
    return value.dump();
  }

  std::vector<ConfigError>& errors_;
};

void read_field(Reader& reader, const std::string& field, const Json& value,
                RawExecConfig& config) {
  if (value.is_null()) return;
  if (field == "command") {
    reader.read(field, value, config.command);
  } else if (field == "args") {
    reader.read(field, value, config.args);
  } else if (field == "work_dir") {
    reader.read(field, value, config.work_dir);
  } else if (field == "oom_score_adj") {
    reader.read_oom_score(value, config.oom_score_adj);
  } else if (field == "cgroup_v2_override") {
    reader.read(field, value, config.cgroup_override.v2_path);
  } else if (field == "cgroup_v1_override") {
    reader.read(field, value, config.cgroup_override.v1_paths);
  } else if (field == "denied_envvars") {
    reader.read(field, value, config.denied_envvars);
  } else {
    const std::string_view nearest = nearest_name(field, known_fields);
    reader.fail(field, nearest.empty() ? "is no setting of raw_exec"
                                       : "is no setting of raw_exec; did you mean " +
                                             std::string(nearest) + "?");
  }
}

}  // namespace

std::vector<ConfigError> parse_raw_exec_config(std::string_view text, RawExecConfig& config) {
  std::vector<ConfigError> errors;
  Reader reader(errors);
  const Json json = text.empty() ? Json::object() : Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    reader.fail("config", "must be a block of settings");
    return errors;
  }
  for (const auto& [field, value] : json.items()) read_field(reader, field, value, config);
  if (config.command.empty() && errors.empty()) reader.fail("command", "is required");
  if (!config.work_dir.empty() && config.work_dir.front() != '/' &&
      !config.work_dir.starts_with("${")) {
    reader.fail("work_dir", "must be an absolute path");
  }
  if (!config.cgroup_override.v2_path.empty() && !config.cgroup_override.v1_paths.empty()) {
    reader.fail("cgroup_v1_override", "and cgroup_v2_override exclude each other");
  }
  return errors;
}

}  // namespace yurt::drivers
