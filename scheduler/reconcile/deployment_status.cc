#include "scheduler/reconcile/deployment_status.h"

#include <algorithm>

namespace yurt::scheduler {

bool is_active(const model::Deployment& deployment) {
  const std::string& status = deployment.status();
  return status == "running" || status == "paused" || status == "initializing" ||
         status == "pending" || status == "blocked" || status == "unblocking";
}

DeploymentStanding deployment_standing(const DeploymentRef& latest, const model::Job* job) {
  DeploymentStanding standing;
  if (latest == nullptr) return standing;
  const auto cancelled = [&](const char* why) {
    if (is_active(*latest)) {
      standing.cancel = {DeploymentId::parse_or_nil(latest->id()), "cancelled", why};
    }
    return standing;
  };
  if (job == nullptr || job->stop()) return cancelled("Cancelled because job is stopped");
  if (latest->job_create_index() != job->create_index() ||
      latest->job_version() != job->version()) {
    return cancelled("Cancelled due to newer version of job");
  }
  if (latest->status() == "successful" || latest->status() == "cancelled") return standing;
  standing.view.current = latest;
  standing.view.paused = latest->status() == "paused" || latest->status() == "pending" ||
                         latest->status() == "initializing";
  standing.view.failed = latest->status() == "failed";
  return standing;
}

model::Deployment new_deployment(const DeploymentId& id, const model::Job& job,
                                 const std::map<std::string, model::DeploymentState>& groups,
                                 int eval_priority, std::int64_t now_ns) {
  model::Deployment deployment;
  deployment.set_id(id.to_string());
  deployment.set_namespace_(job.namespace_());
  deployment.set_job_id(job.id());
  deployment.set_job_version(job.version());
  deployment.set_job_modify_index(job.modify_index());
  deployment.set_job_spec_modify_index(job.job_modify_index());
  deployment.set_job_create_index(job.create_index());
  deployment.set_status("running");
  deployment.set_eval_priority(eval_priority);
  deployment.set_create_time(now_ns);
  deployment.set_modify_time(now_ns);
  bool canaries = false, automatic = true;
  for (const auto& [name, state] : groups) {
    (*deployment.mutable_task_groups())[name] = state;
    if (state.desired_canaries() == 0) continue;
    canaries = true;
    automatic = automatic && state.auto_promote();
  }
  deployment.set_status_description(!canaries ? "Deployment is running"
                                    : automatic
                                        ? "Deployment is running pending automatic promotion"
                                        : "Deployment is running but requires manual promotion");
  return deployment;
}

}  // namespace yurt::scheduler
