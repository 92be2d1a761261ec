// Defaults of services and their checks. Inside this folder only.
#pragma once

#include <string>

#include "proto/job.pb.h"

namespace yurt::jobspec {

// `task` is empty for a group's service. Fills the name's ${JOB}, ${TASKGROUP}, ${TASK} and
// ${BASE}.
void apply_service_defaults(const model::Job& job, const std::string& group,
                            const std::string& task, model::Service& service);

}  // namespace yurt::jobspec
