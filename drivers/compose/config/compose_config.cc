#include "drivers/compose/config/compose_config.h"

#include <array>

#include "drivers/compose/model/read_project.h"

namespace yurt::drivers::compose {
namespace {

using Json = nlohmann::json;
using Reader = docker::ConfigReader;
using C = ComposeConfig;

template <auto member>
void config_plain(Reader& reader, const std::string& field, const Json& value, C& into) {
  reader.read(field, value, into.*member);
}

void read_profiles(Reader& reader, const std::string& field, const Json& value, C& into) {
  reader.read(field, value, into.selection.profiles);
}

void read_scale(Reader& reader, const std::string& field, const Json& value, C& into) {
  reader.blocks(field, value, [&](const std::string& own, const Json& block) {
    for (const auto& [service, count] : block.items()) {
      std::int64_t number = 1;
      reader.read(own + "." + service, count, number);
      if (number < 0) reader.fail(own + "." + service, "must not be negative");
      into.selection.scale.emplace_back(service, number);
    }
  });
}

constexpr auto compose_settings = std::to_array<Reader::Setting<C>>({
    {"file", config_plain<&C::file>},
    {"yaml", config_plain<&C::yaml>},
    {"project", config_plain<&C::project>},
    {"profiles", read_profiles},
    {"scale", read_scale},
    {"env", config_plain<&C::env>},
});

bool is_open(const std::string& text) { return text.find("${") != std::string::npos; }

}  // namespace

bool is_project_name(std::string_view name) {
  return !name.empty() && name.front() != '-' && name.front() != '_' && name.size() <= 128 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
}

std::string as_project_name(std::string_view text) {
  std::string name;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    name += fine ? c : '-';
  }
  while (!name.empty() && (name.front() == '-' || name.front() == '_')) name.erase(0, 1);
  return name.empty() ? "p" : name;
}

std::vector<ConfigError> as_config_errors(const std::string& field,
                                          const std::vector<YamlError>& errors) {
  std::vector<ConfigError> out;
  for (const YamlError& error : errors) {
    const std::string where = error.line > 0 ? "line " + std::to_string(error.line) + ": " : "";
    out.push_back({field, field + (where.empty() ? ": " : ", ") + where + error.message});
  }
  return out;
}

std::vector<ConfigError> parse_compose_config(std::string_view text, bool lenient,
                                              ComposeConfig& config) {
  std::vector<ConfigError> errors;
  Reader reader(errors, lenient, "compose");
  const Json json = text.empty() ? Json::object() : Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    reader.fail("config", "must be a block of settings");
    return errors;
  }
  reader.read_block<ComposeConfig>("", json, compose_settings, config);
  if (!errors.empty()) return errors;
  if (config.file.empty() == config.yaml.empty()) {
    errors.push_back({"config", config.file.empty()
                                    ? "the compose driver needs file = \"<path in the task's "
                                      "folder>\" or yaml = \"<the compose file itself>\""
                                    : "file and yaml exclude each other"});
    return errors;
  }
  const bool open_name = lenient && is_open(config.project);
  if (!config.project.empty() && !open_name && !is_project_name(config.project)) {
    reader.fail("project",
                "must consist of lower-case letters, digits, \"_\" and \"-\" and begin with a "
                "letter or digit");
  }
  if (!config.yaml.empty()) {
    Project project;
    std::vector<std::string> unset;
    auto wrong = read_project(config.yaml, nullptr, project, unset);
    std::vector<ActiveService> order;
    bool open_selection = false;
    for (const std::string& profile : config.selection.profiles) {
      open_selection |= is_open(profile);
    }
    if (wrong.empty() && !open_selection) wrong = start_order(project, config.selection, order);
    errors = as_config_errors("yaml", wrong);
  }
  return errors;
}

}  // namespace yurt::drivers::compose
