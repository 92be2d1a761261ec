// The NAME=value lines that a template with env = true renders.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace yurt::agent {

// Blank lines and lines that begin with '#' are skipped, "export " before a name is ignored, and
// a value may stand in single quotes (as it is) or double quotes (with \n, \t, \r, \", \\ and \$).
// invalid_argument names the line.
[[nodiscard]] Result<std::map<std::string, std::string>> parse_env_file(std::string_view text);

}  // namespace yurt::agent
