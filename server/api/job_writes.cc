// Registering, stopping and evaluating jobs.
#include <vector>

#include "server/api/job_admission.h"
#include "server/api/job_order.h"
#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/request_options.h"
#include "server/api/views.h"

namespace yurt::server {
namespace {

using Response = model::JobRegisterResponse;

// The source of a job is kept for `job inspect`; one that is too long is left out.
std::string keep_submission(model::JobRegisterRequest& request, model::RegisterJob& command) {
  if (!request.has_submission()) return "";
  const std::size_t size = request.submission().source().size();
  if (size > max_source_bytes) {
    return "job source size of " + std::to_string(size) + " bytes exceeds the maximum of " +
           std::to_string(max_source_bytes) + " and is discarded";
  }
  command.mutable_submission()->Swap(request.mutable_submission());
  return "";
}

// Fills in `registration` and `response`, or says why the job is not taken.
Status admit_job(const Serving& serving, const Snapshot& snapshot,
                 model::JobRegisterRequest& request, model::RegisterJob& registration,
                 Response& response) {
  registration.mutable_job()->Swap(request.mutable_job());
  model::Job& job = *registration.mutable_job();
  prepare_job(serving, placement_of(request), job);
  if (request.preserve_counts() || request.preserve_resources()) {
    if (const JobRef live = snapshot.job({job.namespace_(), job.id()})) {
      preserve(*live, request.preserve_counts(), request.preserve_resources(), job);
    }
  }
  Verdict verdict = judge_job(serving, snapshot, job);
  if (!verdict.errors.empty()) return Error{ErrorCode::invalid_argument, verdict.errors_text};
  const std::string discarded = keep_submission(request, registration);
  if (!discarded.empty()) {
    verdict.warnings += (verdict.warnings.empty() ? "" : "\n") + discarded;
  }
  registration.set_enforce_index(request.enforce_index());
  registration.set_job_modify_index(request.job_modify_index());
  response.set_warnings(std::move(verdict.warnings));
  if (is_placed(job)) {
    *registration.mutable_evaluation() =
        make_evaluation(serving, job, "job-register", request.eval_priority());
    response.set_eval_id(registration.evaluation().id());
  }
  return {};
}

void register_job(const Serving& serving, std::unique_ptr<model::JobRegisterRequest> request,
                  Done<Response> done) {
  if (!request->has_job()) {
    return done(Error{ErrorCode::invalid_argument, "missing job for registration"});
  }
  const Snapshot snapshot = serving.core.snapshot();
  if (const auto allowed = check_registration_allowed(snapshot); !allowed) {
    return done(allowed.error());
  }
  model::Command command;
  auto* registration = command.mutable_register_job();
  Response response;
  Status status = admit_job(serving, snapshot, *request, *registration, response);
  if (status) {
    const auto order = registration_order(snapshot, {&registration->job()});
    if (!order) status = order.error();
  }
  if (!status) return done(status.error());
  propose(serving, std::move(command), std::move(done),
          [response = std::move(response)](const Applied& applied) mutable {
            if (applied.waiting) response.clear_eval_id();
            if (!response.eval_id().empty()) response.set_eval_create_index(applied.index);
            response.set_job_modify_index(applied.job_modify_index);
            response.set_index(applied.index);
            return std::move(response);
          });
}

// Jobs that wait for one another, as one command: all of them or none.
void register_jobs(const Serving& serving, std::unique_ptr<model::JobsRegisterRequest> request,
                   Done<model::JobsRegisterResponse> done) {
  if (request->jobs().empty()) {
    return done(Error{ErrorCode::invalid_argument, "missing jobs for registration"});
  }
  const Snapshot snapshot = serving.core.snapshot();
  if (const auto allowed = check_registration_allowed(snapshot); !allowed) {
    return done(allowed.error());
  }
  model::JobsRegisterResponse response;
  std::vector<model::RegisterJob> registrations(static_cast<std::size_t>(request->jobs_size()));
  std::vector<const model::Job*> jobs;
  for (std::size_t i = 0; i < registrations.size(); ++i) {
    auto& one = *request->mutable_jobs(static_cast<int>(i));
    if (one.namespace_().empty()) one.set_namespace_(request->write().namespace_());
    const Status status = admit_job(serving, snapshot, one, registrations[i], *response.add_jobs());
    if (!status) {
      return done(status.error().within("job \"" + registrations[i].job().id() + "\""));
    }
    jobs.push_back(&registrations[i].job());
  }
  const auto order = registration_order(snapshot, jobs);
  if (!order) return done(order.error());
  model::Command command;
  std::vector<JobKey> keys;
  for (const model::Job* job : jobs) keys.push_back({job->namespace_(), job->id()});
  for (const std::size_t at : *order) {
    command.mutable_register_jobs()->add_jobs()->Swap(&registrations[at]);
  }
  propose(serving, std::move(command), std::move(done),
          [response = std::move(response), keys = std::move(keys),
           core = &serving.core](const Applied& applied) mutable {
            const Snapshot now = core->snapshot();
            for (int i = 0; i < response.jobs_size(); ++i) {
              auto& one = *response.mutable_jobs(i);
              const auto record = now.job_record(keys[static_cast<std::size_t>(i)]);
              if (record && !record->waiting_for.empty()) one.clear_eval_id();
              if (!one.eval_id().empty()) one.set_eval_create_index(applied.index);
              one.set_job_modify_index(applied.index);
              one.set_index(applied.index);
            }
            response.set_index(applied.index);
            return std::move(response);
          });
}

void deregister_job(const Serving& serving, std::unique_ptr<model::JobDeregisterRequest> request,
                    Done<model::JobDeregisterResponse> done) {
  const Snapshot snapshot = serving.core.snapshot();
  const JobKey key{namespace_or_default(request->write().namespace_()), request->job_id()};
  const JobRef job = snapshot.job(key);
  model::JobDeregisterResponse response;
  if (!job && snapshot.tables().waiting.find(key) == nullptr) {
    response.set_index(snapshot.index());
    return done(std::move(response));
  }
  model::Command command;
  auto* deregistration = command.mutable_deregister_job();
  deregistration->set_namespace_(key.ns);
  deregistration->set_job_id(key.id);
  deregistration->set_purge(request->purge());
  deregistration->set_no_shutdown_delay(request->no_shutdown_delay());
  if (job && is_placed(*job)) {
    *deregistration->mutable_evaluation() =
        make_evaluation(serving, *job, "job-deregister", request->eval_priority());
    response.set_eval_id(deregistration->evaluation().id());
  }
  propose(serving, std::move(command), std::move(done),
          [response = std::move(response)](const Applied& applied) mutable {
            if (!response.eval_id().empty()) response.set_eval_create_index(applied.index);
            response.set_job_modify_index(applied.job_modify_index);
            response.set_index(applied.index);
            return std::move(response);
          });
}

// Failed allocations that nothing has replaced are placed again at once, whatever the policy says.
void force_reschedule(const Snapshot& snapshot, const JobKey& key,
                      model::UpdateAllocTransitions& update) {
  for (const AllocRef& alloc : snapshot.allocs_of_job(key)) {
    if (alloc->client != ClientStatus::failed || alloc->server_terminal() ||
        !alloc->more().next.is_nil()) {
      continue;
    }
    auto* entry = update.add_entries();
    entry->set_id(alloc->id.to_bytes());
    entry->mutable_transition()->set_force_reschedule(true);
  }
}

void evaluate_job(const Serving& serving, std::unique_ptr<model::JobEvaluateRequest> request,
                  Done<Response> done) {
  const Snapshot snapshot = serving.core.snapshot();
  const JobKey key{namespace_or_default(request->write().namespace_()), request->job_id()};
  if (snapshot.tables().waiting.find(key) != nullptr) {
    return done(Error{ErrorCode::failed_precondition,
                      "job \"" + key.id +
                          "\" waits in its parent's lane and is evaluated once "
                          "there is room: see yurt job why"});
  }
  const JobRef job = snapshot.job(key);
  if (!job) return done(not_found("job"));
  if (!is_placed(*job)) {
    return done(Error{ErrorCode::invalid_argument, job->has_periodic()
                                                       ? "can't evaluate periodic job"
                                                       : "can't evaluate parameterized job"});
  }
  if (const auto record = snapshot.job_record(key); record && !record->waiting_for.empty()) {
    return done(Error{ErrorCode::failed_precondition,
                      "job \"" + key.id + "\" waits for job \"" +
                          record->waiting_for.front()->job() +
                          "\" and is evaluated once that has ended: see yurt job why"});
  }
  model::Evaluation eval = make_evaluation(serving, *job, "job-register");
  Response response;
  response.set_eval_id(eval.id());
  response.set_job_modify_index(job->job_modify_index());
  model::Command command;
  if (request->eval_options().force_reschedule()) {
    auto* update = command.mutable_update_alloc_transitions();
    force_reschedule(snapshot, key, *update);
    *update->add_evaluations() = std::move(eval);
  } else {
    *command.mutable_upsert_evaluations()->add_evaluations() = std::move(eval);
  }
  propose(serving, std::move(command), std::move(done),
          [response = std::move(response)](const Applied& applied) mutable {
            response.set_eval_create_index(applied.index);
            response.set_index(applied.index);
            return std::move(response);
          });
}

}  // namespace

void add_job_writes(OperationTable& table) {
  table.call("RegisterJob", Access::leader, &register_job);
  table.call("RegisterJobs", Access::leader, &register_jobs);
  table.call("DeregisterJob", Access::leader, &deregister_job);
  table.call("EvaluateJob", Access::leader, &evaluate_job);
}

}  // namespace yurt::server
