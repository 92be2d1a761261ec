#include "server/api/proposals.h"

#include "server/new_evals.h"

namespace yurt::server {

model::Evaluation make_evaluation(const Serving& serving, const model::Job& job,
                                  const std::string& trigger, int priority) {
  model::Evaluation eval = new_eval(job, trigger, serving.core.random());
  if (priority > 0) eval.set_priority(priority);
  return eval;
}

bool is_placed(const model::Job& job) {
  return !job.has_periodic() && (!job.has_parameterized() || job.dispatched());
}

Status check_registration_allowed(const Snapshot& snapshot) {
  const auto config = snapshot.scheduler_config();
  if (!config || !config->reject_job_registration()) return {};
  return Error{ErrorCode::permission_denied,
               "job registration, dispatch, and scale are disabled by the scheduler configuration"};
}

}  // namespace yurt::server
