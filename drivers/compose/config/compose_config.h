// The compose driver's `config` block. Plain values; parsing is pure and thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/compose/model/start_order.h"
#include "drivers/docker/config/config_reader.h"
#include "drivers/driver.h"

namespace yurt::drivers::compose {

struct ComposeConfig {
  std::string file;     // a path in the task's folder; or
  std::string yaml;     // the text itself
  std::string project;  // its name; "" = the file's, else made of the allocation
  docker::TextMap env;  // variables for the file
  Selection selection;
};

// Reads `text` (a JSON object) into `config`; everything wrong with it, empty = all well. A file
// given as `yaml` is checked as well, as far as it can be while its variables are not known.
// `lenient`: values may still hold "${...}" (a job that is validated before it is placed).
[[nodiscard]] std::vector<ConfigError> parse_compose_config(std::string_view text, bool lenient,
                                                            ComposeConfig& config);

// "line 7: services.web.prots …" of every error.
[[nodiscard]] std::vector<ConfigError> as_config_errors(const std::string& field,
                                                        const std::vector<YamlError>& errors);

// What the Engine accepts as the name of a project: lower-case letters, digits, "_" and "-".
[[nodiscard]] bool is_project_name(std::string_view name);
// `text` with everything else made "-".
[[nodiscard]] std::string as_project_name(std::string_view text);

}  // namespace yurt::drivers::compose
