// The parts of the `job` family, each in a file of its own.
#pragma once

#include "cli/command.h"

namespace yurt::cli {

void add_job_run(CLI::App& job, Session& session);
void add_job_plan(CLI::App& job, Session& session);
void add_job_status(CLI::App& job, Session& session);
void add_job_changes(CLI::App& job, Session& session);  // stop, scale, revert, restart, eval
void add_job_history(CLI::App& job, Session& session);  // history, inspect, allocs

// `job status`, which plain `status` falls back to.
int show_job_status(Session& session, const std::string& prefix, bool verbose);

}  // namespace yurt::cli
