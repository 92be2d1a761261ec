// The evaluation that waits for room after some placement found none.
#pragma once

#include "scheduler/run_context.h"

namespace yurt::scheduler {

// For the job as a whole; it wakes for nodes of the classes that the failed groups may use. When
// the run's own evaluation was a blocked one it keeps its ID: it goes back to waiting.
// REQUIRES: the run has failed groups and a job
[[nodiscard]] model::Evaluation blocked_evaluation(RunContext& run);

}  // namespace yurt::scheduler
