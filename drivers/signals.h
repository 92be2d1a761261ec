// Signal names as job files and the API write them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace yurt::drivers {

// "SIGINT", "INT", "sigint" or "2" → 2. invalid_argument for anything else.
[[nodiscard]] Result<int> parse_signal(std::string_view name);

// 2 → "SIGINT"; a number without a name of its own → "signal 34".
[[nodiscard]] std::string signal_name(int number);

}  // namespace yurt::drivers
