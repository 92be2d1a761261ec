// What becomes of an evaluation after it was scheduled. Pure.
#pragma once

#include <vector>

#include "base/random.h"
#include "proto/state.pb.h"
#include "scheduler/plan.h"

namespace yurt::server {

// The evaluation, complete, with the follow-ups and the blocked evaluation that it leaves behind.
[[nodiscard]] std::vector<model::Evaluation> finished_evals(const model::Evaluation& eval,
                                                            const scheduler::Outcome& outcome,
                                                            std::uint64_t snapshot_index);

// A blocked evaluation that was tried again and still waits.
[[nodiscard]] model::Evaluation still_blocked(const model::Evaluation& eval,
                                              const scheduler::Outcome& outcome,
                                              std::uint64_t snapshot_index);

[[nodiscard]] model::Evaluation cancelled(const model::Evaluation& eval);

// The evaluation, failed for want of attempts, and a blocked one that takes over what is unplaced.
[[nodiscard]] std::vector<model::Evaluation> out_of_attempts(const model::Evaluation& eval,
                                                             const scheduler::Outcome& outcome,
                                                             std::uint64_t snapshot_index,
                                                             Random& random);

}  // namespace yurt::server
