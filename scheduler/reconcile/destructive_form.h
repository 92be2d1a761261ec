// destructive_form: the part of a group that a running allocation can't take over; equal forms mean
// that an update of the job can be done in place. Pure.
//
// In the form: the tasks and their drivers, configuration, environment, artifacts, templates,
// secrets, identities, mounts, resources and merged meta, log capture; the group's volumes, disk
// and networks. Not in it: count, services, checks, restart, reschedule, update, migrate,
// disconnect, kill and shutdown settings, lifecycle, log sizes, priority, affinity, spread,
// constraints, max_run_duration.
#pragma once

#include <string>

#include "proto/job.pb.h"

namespace yurt::scheduler {

[[nodiscard]] std::string destructive_form(const model::Job& job, const model::TaskGroup& group);

}  // namespace yurt::scheduler
