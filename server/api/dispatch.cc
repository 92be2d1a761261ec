// Dispatching parameterized jobs and launching periodic ones by hand.
#include <cstdio>

#include "server/api/dispatch_checks.h"
#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/request_options.h"
#include "server/api/views.h"
#include "server/state/child_job.h"

namespace yurt::server {
namespace {

// A token that the command line made from what the work is: found again in history, too.
constexpr std::string_view once_prefix = "once-";

std::string random_hex(Random& random) {
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(random.next()));
  return digits;
}

std::string child_id(const Serving& serving, const model::JobDispatchRequest& request,
                     const std::string& job_id) {
  std::string id = job_id + "/dispatch-";
  if (!request.id_prefix_template().empty()) id += request.id_prefix_template() + "-";
  id += std::to_string(serving.core.clock().wall_ns() / nanoseconds_per_second) + "-";
  return id + random_hex(serving.core.random());
}

Status check_prefix(const std::string& prefix) {
  for (const char c : prefix) {
    if (c == '/' || static_cast<unsigned char>(c) <= ' ') {
      return Error{ErrorCode::invalid_argument,
                   "IdPrefixTemplate must hold neither \"/\" nor white space: \"" + prefix + "\""};
    }
  }
  return {};
}

// The parameterized job to dispatch.
Result<JobRef> dispatched_job(const Snapshot& snapshot, const JobKey& key) {
  const JobRef job = snapshot.job(key);
  if (!job) return Error{ErrorCode::not_found, "parameterized job not found"};
  if (!job->has_parameterized() || job->dispatched()) {
    return Error{ErrorCode::invalid_argument,
                 "Specified job \"" + key.id + "\" is not a parameterized job"};
  }
  if (job->stop()) {
    return Error{ErrorCode::invalid_argument, "Specified job \"" + key.id + "\" is stopped"};
  }
  return job;
}

// The run of work that finished, and whose job has left memory since; "" when there is none.
std::string finished_run(const Serving& serving, const JobKey& parent, const std::string& token) {
  std::string found;
  const bool cached = token.starts_with(cache_prefix);
  if (!cached && !token.starts_with(once_prefix)) return found;
  serving.core.each_run(parent.ns, parent.id, [&](const model::RunRecord& run) {
    // What failed has left no output.
    if (cached && run.status() != "complete") return true;
    if (run.idempotency_token() == token) found = run.job_id();
    return found.empty();
  });
  return found;
}

void dispatch_job(const Serving& serving, std::unique_ptr<model::JobDispatchRequest> request,
                  Done<model::JobDispatchResponse> done) {
  const Snapshot snapshot = serving.core.snapshot();
  if (const auto allowed = check_registration_allowed(snapshot); !allowed) {
    return done(allowed.error());
  }
  const JobKey key{namespace_or_default(request->write().namespace_()), request->job_id()};
  const auto job = dispatched_job(snapshot, key);
  if (!job) return done(job.error());

  model::Command command;
  auto* dispatch = command.mutable_dispatch_job();
  dispatch->set_namespace_(key.ns);
  dispatch->set_job_id(key.id);
  auto* spec = dispatch->mutable_spec();
  *spec->mutable_meta() = request->meta();
  spec->set_payload(request->payload());
  if (request->priority() != 0) spec->set_priority(request->priority());
  spec->set_idempotency_token(request->idempotency_token().empty()
                                  ? cache_token(**job, request->meta())
                                  : request->idempotency_token());
  if (request->has_overrides()) *spec->mutable_overrides() = request->overrides();
  spec->set_submitted_by(request->submitted_by());
  Status status = check_dispatch(**job, *spec, nullptr, serving.core.payload_limit());
  if (status) status = check_prefix(request->id_prefix_template());
  if (!status) return done(status.error());

  model::JobDispatchResponse response;
  if (std::string old = finished_run(serving, key, spec->idempotency_token()); !old.empty()) {
    response.set_dispatched_job_id(std::move(old));
    response.set_existed(true);
    response.set_index(snapshot.index());
    return done(std::move(response));
  }
  dispatch->set_child_id(child_id(serving, *request, key.id));
  *dispatch->mutable_evaluation() = make_evaluation(serving, **job, "job-register");
  response.set_dispatched_job_id(dispatch->child_id());
  response.set_eval_id(dispatch->evaluation().id());
  propose(serving, std::move(command), std::move(done),
          [response = std::move(response)](const Applied& applied) mutable {
            response.set_index(applied.index);
            if (!applied.existing.empty()) {
              response.set_dispatched_job_id(applied.existing);
              response.clear_eval_id();
              response.set_existed(true);
              return std::move(response);
            }
            response.set_job_create_index(applied.index);
            response.set_waiting(applied.waiting);
            if (applied.waiting) {
              response.clear_eval_id();
            } else {
              response.set_eval_create_index(applied.index);
            }
            return std::move(response);
          });
}

void force_periodic(const Serving& serving, std::unique_ptr<model::PeriodicForceRequest> request,
                    Done<model::PeriodicForceResponse> done) {
  const JobKey key{namespace_or_default(request->write().namespace_()), request->job_id()};
  const JobRef job = serving.core.snapshot().job(key);
  if (!job) return done(not_found("job"));
  if (!job->has_periodic()) {
    return done(Error{ErrorCode::invalid_argument, "can't force launch non-periodic job"});
  }
  model::Command command;
  auto* launch = command.mutable_launch_periodic();
  launch->set_namespace_(key.ns);
  launch->set_job_id(key.id);
  launch->set_launch_time(serving.core.clock().wall_ns() / nanoseconds_per_second *
                          nanoseconds_per_second);
  launch->set_forced(true);
  *launch->mutable_evaluation() = make_evaluation(serving, *job, "periodic-job");
  model::PeriodicForceResponse response;
  response.set_eval_id(launch->evaluation().id());
  propose(serving, std::move(command), std::move(done),
          [response = std::move(response)](const Applied& applied) mutable {
            response.set_eval_create_index(applied.index);
            response.set_index(applied.index);
            return std::move(response);
          });
}

// --- Sweeps

void start_sweep(const Serving& serving, std::unique_ptr<model::SweepStartRequest> request,
                 Done<model::SweepStartResponse> done) {
  const Snapshot snapshot = serving.core.snapshot();
  if (const auto allowed = check_registration_allowed(snapshot); !allowed) {
    return done(allowed.error());
  }
  const JobKey key{namespace_or_default(request->write().namespace_()), request->job_id()};
  const auto job = dispatched_job(snapshot, key);
  if (!job) return done(job.error());
  if (!request->has_sweep() && !(*job)->has_sweep()) {
    return done(Error{ErrorCode::invalid_argument,
                      "job \"" + key.id + "\" has no sweep block: name parameters to sweep over"});
  }
  model::Command command;
  auto* start = command.mutable_start_sweep();
  start->set_namespace_(key.ns);
  start->set_job_id(key.id);
  *start->mutable_sweep() = request->has_sweep() ? request->sweep() : (*job)->sweep();
  if (start->sweep().method().empty()) start->mutable_sweep()->set_method("grid");
  if (start->sweep().method() == "random" && !start->sweep().has_seed()) {
    start->mutable_sweep()->set_seed(serving.core.random().next() >> 12);
  }
  auto* spec = start->mutable_spec();
  *spec->mutable_meta() = request->meta();
  spec->set_payload(request->payload());
  if (request->priority() != 0) spec->set_priority(request->priority());
  spec->set_idempotency_token(request->idempotency_token());
  if (request->has_overrides()) *spec->mutable_overrides() = request->overrides();
  spec->set_submitted_by(request->submitted_by());
  const Status status = check_dispatch(**job, *spec, &start->sweep(), serving.core.payload_limit());
  if (!status) return done(status.error());
  start->set_sweep_id(random_hex(serving.core.random()));
  propose(serving, std::move(command), std::move(done),
          [id = start->sweep_id(), core = &serving.core, ns = key.ns](const Applied& applied) {
            model::SweepStartResponse response;
            response.set_existed(!applied.existing.empty());
            response.set_sweep_id(applied.existing.empty() ? id : applied.existing);
            response.set_index(applied.index);
            const Snapshot now = core->snapshot();
            if (const SweepRef* row = now.tables().sweeps.find({ns, response.sweep_id()})) {
              response.set_total((*row)->record->total());
            }
            return response;
          });
}

void set_sweep_status(const Serving& serving, std::unique_ptr<model::SweepStatusRequest> request,
                      Done<model::WriteResponse> done) {
  if (request->status() != "running" && request->status() != "stopped") {
    return done(Error{ErrorCode::invalid_argument,
                      "Status is \"" + request->status() + "\"; expected running or stopped"});
  }
  model::Command command;
  auto* set = command.mutable_set_sweep_status();
  set->set_namespace_(namespace_or_default(request->write().namespace_()));
  set->set_sweep_id(request->sweep_id());
  set->set_status(request->status());
  if (request->status() == "stopped") set->set_status_description("stopped by a user");
  propose(serving, std::move(command), std::move(done), [](const Applied& applied) {
    model::WriteResponse response;
    response.set_index(applied.index);
    return response;
  });
}

}  // namespace

void add_dispatch_operations(OperationTable& table) {
  table.call("DispatchJob", Access::leader, &dispatch_job);
  table.call("ForcePeriodicJob", Access::leader, &force_periodic);
  table.call("StartSweep", Access::leader, &start_sweep);
  table.call("SetSweepStatus", Access::leader, &set_sweep_status);
}

}  // namespace yurt::server
