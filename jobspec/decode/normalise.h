// The second step of decoding: what a job file says in one place and the job holds in another.
//
// Tasks written directly under the job become groups of their own; vault and secret blocks of the
// job and its groups move into the tasks; ports are sorted into static and dynamic ones; the
// default identity leaves the list; operators and a task's scaling type get the values their short
// forms stand for. Fields that exist only in job files are empty afterwards. The places move along.
#pragma once

#include "jobspec/decode/source_map.h"
#include "jobspec/hcl/diagnostic.h"
#include "proto/job.pb.h"

namespace yurt::jobspec {

void normalise(model::Job& job, SourceMap& places, hcl::Diagnostics& diagnostics);

}  // namespace yurt::jobspec
