// A compose file's text as a Project: YAML, variables, keys, and what names what. Pure;
// thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "drivers/compose/model/project.h"
#include "drivers/compose/yaml/interpolate.h"

namespace yurt::drivers::compose {

// Reads `text` into `project`; everything wrong with it by line, empty = all well. `variables`
// null: their values are not known yet, and values that depend on one pass. `unset`: variables
// without a value that the file uses.
[[nodiscard]] std::vector<YamlError> read_project(std::string_view text, const Variables* variables,
                                                  Project& project,
                                                  std::vector<std::string>& unset);

}  // namespace yurt::drivers::compose
