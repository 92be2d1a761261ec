// Defaults of a task and of all its blocks but the restart policy. Inside this folder only.
#pragma once

#include "proto/job.pb.h"

namespace yurt::jobspec {

void apply_task_defaults(const model::Job& job, const model::TaskGroup& group, model::Task& task);

}  // namespace yurt::jobspec
