// Defaults of the policies: update, migrate, reschedule, restart, disconnect. Inside this folder
// only.
#pragma once

#include "proto/job.pb.h"

namespace yurt::jobspec {

// Job types that run until they are stopped, and those that run to an end.
[[nodiscard]] bool runs_on(const model::Job& job);  // service, system
[[nodiscard]] bool ends(const model::Job& job);     // batch, sysbatch

// The job's own update, migrate and reschedule, merged into the groups, each field of a group's
// block winning over the job's and that over the default for the job's type. Drops what the type
// has no use for: update for jobs that end.
void apply_group_policies(model::Job& job);
// A group's restart policy, merged into its tasks'; and disconnect.
void apply_restart_policies(const model::Job& job, model::TaskGroup& group);
void apply_disconnect_defaults(model::TaskGroup& group);

}  // namespace yurt::jobspec
