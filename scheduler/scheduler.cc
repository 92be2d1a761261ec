#include "scheduler/scheduler.h"

#include "proto/job.pb.h"
#include "scheduler/generic_run.h"
#include "scheduler/system/system_run.h"

namespace yurt::scheduler {

Outcome schedule(const Request& request) {
  const JobRef job = request.state.job({request.eval.namespace_(), request.eval.job_id()});
  const std::string& type = job ? job->type() : request.eval.type();
  return type == "system" || type == "sysbatch" ? run_system(request) : run_generic(request);
}

}  // namespace yurt::scheduler
