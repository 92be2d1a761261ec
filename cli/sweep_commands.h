// sweep status, results, logs, stop, resume; and awaiting a sweep.
#pragma once

#include <string>

#include "cli/command.h"

namespace yurt::cli {

// Shows progress until the sweep has ended. exit_ok when it completed, exit_failure otherwise.
int await_sweep(Session& session, const std::string& sweep_id);

}  // namespace yurt::cli
