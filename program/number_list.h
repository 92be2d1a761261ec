// Lists of numbers as configuration files write them: "0-3,8".
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace yurt::program {

// Ascending, without repeats. `field` names the field in the error.
[[nodiscard]] Result<std::vector<int>> parse_number_list(const std::string& field,
                                                         const std::string& text);

}  // namespace yurt::program
