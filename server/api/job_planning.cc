// What a job would do, and whether it is right, without registering it.
#include "jobspec/cron/schedule.h"
#include "jobspec/defaults/defaults.h"
#include "jobspec/diff/diff.h"
#include "jobspec/parse.h"
#include "server/api/job_admission.h"
#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/request_options.h"

namespace yurt::server {
namespace {

void plan(const Serving& serving, std::unique_ptr<model::JobPlanRequest> request,
          Done<model::JobPlanResponse> done) {
  if (!request->has_job()) {
    return done(Error{ErrorCode::invalid_argument, "Job required for plan"});
  }
  const Snapshot snapshot = serving.core.snapshot();
  model::Job& job = *request->mutable_job();
  prepare_job(serving, placement_of(*request), job);
  Verdict verdict = judge_job(serving, snapshot, job);
  if (!verdict.errors.empty()) {
    return done(Error{ErrorCode::invalid_argument, verdict.errors_text});
  }
  const JobRef live = snapshot.job({job.namespace_(), job.id()});
  model::JobPlanResponse response;
  response.set_warnings(std::move(verdict.warnings));
  if (live) response.set_job_modify_index(live->job_modify_index());
  if (is_placed(job)) {
    scheduler::Outcome outcome = serving.core.dry_run(job);
    *response.mutable_annotations() = std::move(outcome.annotations);
    for (auto& [group, metric] : outcome.failed_groups) {
      (*response.mutable_failed_tg_allocs())[group] = std::move(metric);
    }
    for (auto& eval : outcome.followups) *response.add_created_evals() = std::move(eval);
    if (outcome.blocked) *response.add_created_evals() = std::move(*outcome.blocked);
  }
  if (job.has_periodic() && job.periodic().enabled()) {
    const auto schedule = jobspec::Schedule::of(job.periodic());
    if (!schedule.ok()) return done(schedule.error());
    response.set_next_periodic_launch(schedule->next(serving.core.clock().wall_ns()).value_or(0));
  }
  if (request->diff()) {
    *response.mutable_diff() = jobspec::diff_jobs(live.get(), &job, {.contextual = true});
    jobspec::annotate(*response.mutable_diff(), response.annotations());
  }
  response.set_index(snapshot.index());
  done(std::move(response));
}

Status validate(const Serving& serving, const model::JobValidateRequest& request,
                model::JobValidateResponse& response) {
  if (!request.has_job()) {
    return Error{ErrorCode::invalid_argument, "missing job for validation"};
  }
  model::Job job = request.job();
  prepare_job(serving, placement_of(request), job);
  Verdict verdict = judge_job(serving, serving.core.snapshot(), job);
  response.set_driver_config_validated(true);
  for (auto& error : verdict.errors) response.add_validation_errors(std::move(error));
  response.set_error(std::move(verdict.errors_text));
  response.set_warnings(std::move(verdict.warnings));
  return {};
}

Status parse(const Serving& serving, const model::JobParseRequest& request,
             model::JobParseResponse& response) {
  if (request.job_hcl().empty()) {
    return Error{ErrorCode::invalid_argument, "Job spec is empty"};
  }
  jobspec::ParseOptions options;
  options.strict = false;
  options.random = &serving.core.random();
  if (!request.variables().empty()) {
    options.variable_files.push_back(hcl::make_source("input.hcl", request.variables()));
  }
  auto parsed = jobspec::parse(hcl::make_source("input.hcl", request.job_hcl()), options);
  if (!parsed.job) {
    return Error{ErrorCode::invalid_argument, hcl::render(parsed.diagnostics)};
  }
  if (request.canonicalize()) {
    jobspec::apply_defaults(*parsed.job, {.region = serving.core.identity().region});
  }
  response.mutable_job()->Swap(&*parsed.job);
  return {};
}

}  // namespace

void add_job_planning(OperationTable& table) {
  table.call("PlanJob", Access::leader, &plan).heavy = true;
  table.local("ValidateJob", &validate).heavy = true;
  table.local("ParseJob", &parse).heavy = true;
}

}  // namespace yurt::server
