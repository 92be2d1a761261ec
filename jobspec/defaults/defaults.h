// Defaults: a job as its author wrote it into the job that is stored and shown.
//
// Whatever the author left out gets its default (docs/job-file.md), and the policies of the job
// and of its groups are merged into the groups and tasks they apply to. Applying the defaults to
// their own result changes nothing. Pure functions; thread-safe.
#pragma once

#include <string>

#include "proto/job.pb.h"

namespace yurt::jobspec {

struct DefaultsOptions {
  std::string region = "global";
  // For jobs that name none: the namespace's, where it has one.
  std::string node_pool = "default";
};

void apply_defaults(model::Job& job, const DefaultsOptions& options = {});

}  // namespace yurt::jobspec
