// A service's smaller structures: environment, env_file, depends_on, healthcheck, ulimits.
#include <array>

#include "drivers/compose/model/service_parts.h"

namespace yurt::drivers::compose {
namespace {

template <typename T, auto member>
void environment_plain(NodeReader& reader, const std::string& field, const YamlNode& node,
                       T& into) {
  reader.read(field, node, into.*member);
}

constexpr auto env_file_keys = std::to_array<NodeReader::Key<EnvFile>>({
    {"path", environment_plain<EnvFile, &EnvFile::path>},
    {"required", environment_plain<EnvFile, &EnvFile::required>},
    {"format", nullptr, "is not supported: files are read as the specification's default says"},
});

void read_condition(NodeReader& reader, const std::string& field, const YamlNode& node,
                    Dependency& into) {
  constexpr std::array<std::string_view, 3> conditions{"service_started", "service_healthy",
                                                       "service_completed_successfully"};
  const int choice = reader.read_choice(field, node, conditions);
  if (choice >= 0) into.condition = static_cast<Condition>(choice);
}

void read_restart_with(NodeReader& reader, const std::string& field, const YamlNode& node,
                       Dependency&) {
  bool ignored = false;  // about commands that Yurt does not have: restarting one service by hand
  reader.read(field, node, ignored);
}

constexpr auto dependency_keys = std::to_array<NodeReader::Key<Dependency>>({
    {"condition", read_condition},
    {"required", environment_plain<Dependency, &Dependency::required>},
    {"restart", read_restart_with},
});

using H = docker::HealthcheckConfig;

// A text is a shell's command line; a list says itself what it is.
void read_test(NodeReader& reader, const std::string& field, const YamlNode& node, H& into) {
  if (node.open) return;
  if (node.is_scalar()) {
    into.test = {"CMD-SHELL", node.text};
    return;
  }
  reader.read(field, node, into.test);
  if (into.test.empty()) return;
  if (into.test[0] == "NONE") {
    into.disable = true;
  } else if (into.test[0] != "CMD" && into.test[0] != "CMD-SHELL") {
    reader.fail(node, field, "must begin with NONE, CMD or CMD-SHELL when it is a list");
  }
}

template <auto member>
void health_duration(NodeReader& reader, const std::string& field, const YamlNode& node, H& into) {
  reader.read_duration(field, node, into.*member);
}

constexpr auto healthcheck_keys = std::to_array<NodeReader::Key<H>>({
    {"test", read_test},
    {"interval", health_duration<&H::interval_ns>},
    {"timeout", health_duration<&H::timeout_ns>},
    {"start_period", health_duration<&H::start_period_ns>},
    {"start_interval", nullptr, "needs a newer Docker Engine API than Yurt speaks; leave it out"},
    {"retries", environment_plain<H, &H::retries>},
    {"disable", environment_plain<H, &H::disable>},
});

}  // namespace

void read_environment(NodeReader& reader, const std::string& field, const YamlNode& node,
                      Service& into) {
  if (node.open) return;
  if (node.is_map()) {
    for (const YamlEntry& entry : node.entries) {
      std::optional<std::string> value;
      if (!entry.value.is_null()) {
        reader.read(field + "." + entry.key, entry.value, value.emplace());
      }
      into.environment.emplace_back(entry.key, std::move(value));
    }
    return;
  }
  if (!node.is_list()) {
    return reader.fail(node, field, "must be a map or a list of \"NAME=value\"");
  }
  reader.each_item(field, node, [&](const std::string& own, const YamlNode& item) {
    std::string text;
    reader.read(own, item, text);
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      into.environment.emplace_back(text, std::nullopt);
    } else {
      into.environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  });
}

void read_env_file(NodeReader& reader, const std::string& field, const YamlNode& node,
                   Service& into) {
  if (node.open) return;
  if (node.is_scalar()) {
    into.env_files.push_back({node.text, true, node.line});
    return;
  }
  reader.each_item(field, node, [&](const std::string& own, const YamlNode& item) {
    EnvFile& file = into.env_files.emplace_back();
    file.line = item.line;
    if (item.is_map()) {
      reader.read_map<EnvFile>(own, item, env_file_keys, file);
      if (file.path.empty()) reader.fail(item, own + ".path", "is required");
    } else {
      reader.read(own, item, file.path);
    }
  });
}

void read_depends_on(NodeReader& reader, const std::string& field, const YamlNode& node,
                     Service& into) {
  if (node.open) return;
  if (node.is_map()) {
    for (const YamlEntry& entry : node.entries) {
      Dependency& dependency = into.depends_on.emplace_back();
      dependency.service = entry.key;
      dependency.line = entry.line;
      reader.read_map<Dependency>(field + "." + entry.key, entry.value, dependency_keys,
                                  dependency);
    }
    return;
  }
  reader.each_item(field, node, [&](const std::string& own, const YamlNode& item) {
    Dependency& dependency = into.depends_on.emplace_back();
    dependency.line = item.line;
    reader.read(own, item, dependency.service);
  });
}

void read_healthcheck(NodeReader& reader, const std::string& field, const YamlNode& node,
                      Service& into) {
  reader.read_map<H>(field, node, healthcheck_keys, into.container.healthchecks);
}

void read_ulimits(NodeReader& reader, const std::string& field, const YamlNode& node,
                  Service& into) {
  if (node.open) return;
  if (!node.is_map()) return reader.fail(node, field, "must be a map");
  for (const YamlEntry& entry : node.entries) {
    const std::string own = field + "." + entry.key;
    const auto limit = [&](const std::string& name, const YamlNode& value) {
      std::int64_t number = -1;
      reader.read(name, value, number);
      return std::to_string(number);
    };
    std::string text;
    if (entry.value.is_map()) {
      std::string soft;
      std::string hard;
      for (const YamlEntry& part : entry.value.entries) {
        if (part.key == "soft") {
          soft = limit(own + ".soft", part.value);
        } else if (part.key == "hard") {
          hard = limit(own + ".hard", part.value);
        } else {
          reader.fail(part.line, own + "." + part.key,
                      "is no key of a limit; there are soft and hard");
        }
      }
      if (soft.empty() || hard.empty()) {
        reader.fail(entry.value, own, "needs both soft and hard");
        continue;
      }
      text = soft + ":" + hard;
    } else {
      text = limit(own, entry.value);
    }
    into.container.ulimit.emplace_back(entry.key, text);
  }
}

}  // namespace yurt::drivers::compose
