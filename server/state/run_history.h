// Run history: what remains of a batch job when it has ended, and how it ended.
//
// A run's row stays in the state database long after the job has left memory. Pure functions over
// the tables, called while a command is applied.
#pragma once

#include <string>

#include "server/state/tables.h"

namespace yurt::model {
class RunRecord;
}  // namespace yurt::model

namespace yurt::server {

// complete, failed or stopped: how the newest allocation of each of the job's instances ended.
[[nodiscard]] std::string outcome_of(const Tables& tables, const JobRecord& record);

// REQUIRES: the job has ended, with `outcome`
[[nodiscard]] model::RunRecord make_run(const Tables& tables, const JobRecord& record,
                                        const std::string& outcome, std::int64_t time);

}  // namespace yurt::server
