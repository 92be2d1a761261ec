// Plans as the state machine's commands carry them. Pure.
#pragma once

#include "proto/command.pb.h"
#include "scheduler/plan.h"

namespace yurt::server {

// `job_version` is the plan's job's, or 0 when the job is gone.
[[nodiscard]] model::PlanResult encode_plan(const scheduler::Plan& plan);

}  // namespace yurt::server
