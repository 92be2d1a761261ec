// Diff: what changes from one version of a job to another, field by field, in the shape and with
// the names of Nomad's plan output.
//
// Both jobs should have their defaults applied. Lists of blocks are compared by the blocks' names
// where they have one, else as sets: an edited constraint shows as one deleted and one added. Pure
// functions; thread-safe.
#pragma once

#include "proto/api.pb.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::jobspec {

struct DiffOptions {
  // Unchanged fields of changed blocks too (type "None").
  bool contextual = false;
};

// Either job may be null: the other is then added or deleted as a whole. REQUIRES: not both null.
[[nodiscard]] model::JobDiff diff_jobs(const model::Job* before, const model::Job* after,
                                       DiffOptions options = {});

// Whether the specification differs: the fields that are not only the server's bookkeeping.
[[nodiscard]] bool spec_changed(const model::Job& before, const model::Job& after);

// Adds what a plan would do: to each group the number of allocations created, updated, destroyed …;
// to each changed task and count what the change forces.
void annotate(model::JobDiff& diff, const model::PlanAnnotations& annotations);

}  // namespace yurt::jobspec
