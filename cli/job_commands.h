// The parts of the `job` family that have no short form, each in a file of its own.
#pragma once

#include "cli/command.h"
#include "cli/output.h"

namespace yurt::cli {

void add_job_status(CLI::App& job, Session& session);
void add_job_changes(CLI::App& job, Session& session);  // scale, revert, restart, eval
void add_job_history(CLI::App& job, Session& session);  // history, allocs
void add_job_promote(CLI::App& job, Session& session);
void add_job_tag(CLI::App& job, Session& session);       // tag apply, tag unset
void add_job_dispatch(CLI::App& job, Session& session);  // dispatch, periodic force, why
void add_job_advise(CLI::App& job, Session& session);

}  // namespace yurt::cli
