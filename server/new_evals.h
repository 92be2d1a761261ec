// New evaluations: who must be scheduled again when something happens. Pure, given a source of IDs.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "proto/state.pb.h"
#include "server/state/snapshot.h"

namespace yurt::model {
class Job;
class UpdateAllocsFromClient;
}  // namespace yurt::model

namespace yurt::server {

// A pending evaluation of `job`, caused by `triggered_by` (Nomad's names, e.g. "job-register").
[[nodiscard]] model::Evaluation new_eval(const model::Job& job, const std::string& triggered_by,
                                         Random& random);

// After a node's status, eligibility or drain changed: one evaluation per job with allocations on
// it that are not terminal, and one per system job that could want it.
[[nodiscard]] std::vector<model::Evaluation> node_evals(const Snapshot& state,
                                                        const model::Node& node,
                                                        const std::string& triggered_by,
                                                        Random& random);

// After an agent's report: jobs whose allocations failed and may be rescheduled, or came back.
[[nodiscard]] std::vector<model::Evaluation> client_update_evals(
    const Snapshot& state, const model::UpdateAllocsFromClient& report, Random& random);

}  // namespace yurt::server
