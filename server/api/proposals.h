// Proposals: what the writing operations have in common: making evaluations, and proposing a
// command and answering with what became of it.
#pragma once

#include <string>

#include "proto/command.pb.h"
#include "server/api/operation.h"

namespace yurt::server {

// A pending evaluation of `job`, triggered by `trigger`, with a new ID. `priority` 0: the job's.
[[nodiscard]] model::Evaluation make_evaluation(const Serving& serving, const model::Job& job,
                                                const std::string& trigger, int priority = 0);

// Periodic and parameterized jobs are never placed themselves; their children are.
[[nodiscard]] bool is_placed(const model::Job& job);

// An error when the operator has stopped registrations.
[[nodiscard]] Status check_registration_allowed(const Snapshot& snapshot);

// Proposes `command`; `done` gets what `answer` makes of the outcome.
template <typename Response, typename MakeAnswer>
void propose(const Serving& serving, model::Command command, Done<Response> done,
             MakeAnswer answer) {
  serving.core.propose(std::move(command), [done = std::move(done), answer = std::move(answer)](
                                               Result<Applied> applied) mutable {
    if (!applied) return done(applied.error());
    done(answer(*applied));
  });
}

}  // namespace yurt::server
