// sweep status, results, logs, stop, resume; and awaiting a sweep.
#pragma once

#include <string>

#include "cli/command.h"

namespace yurt::cli {

// Shows progress until the sweep has ended. exit_ok when it completed, exit_failure otherwise.
int await_sweep(Session& session, const std::string& sweep_id);

// The ID of the one sweep that begins with `prefix`.
[[nodiscard]] Result<std::string> resolve_sweep(Session& session, const std::string& prefix);
[[nodiscard]] Result<model::SweepTrialsResponse> read_trials(Session& session,
                                                             const std::string& id);

// sweep logs.
void add_sweep_logs(CLI::App& sweep, Session& session);

}  // namespace yurt::cli
