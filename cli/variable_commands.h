// Commands about one variable that are more than a call: `var lock`.
#pragma once

#include "cli/command.h"

namespace yurt::cli {

void add_var_lock(CLI::App& var, Session& session);

}  // namespace yurt::cli
