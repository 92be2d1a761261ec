// Scaling a job's groups, and how they stand.
#include "server/api/job_admission.h"
#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/request_options.h"
#include "server/api/views.h"

namespace yurt::server {
namespace {

using Response = model::JobRegisterResponse;

Error refuse(const std::string& why) { return {ErrorCode::invalid_argument, why}; }

bool is_active(const model::Deployment& deployment) {
  static const std::initializer_list<std::string_view> active = {
      "running", "paused", "pending", "blocked", "unblocking", "initializing"};
  return std::find(active.begin(), active.end(), deployment.status()) != active.end();
}

Status check_count(const model::Job& job, const model::TaskGroup& group, std::int64_t count) {
  if (count < 0) return refuse("Scaling action count can't be negative");
  if (count > INT32_MAX) return refuse("Scaling action count is too large");
  if (job.type() == "system" && count > 1) {
    return refuse("Scaling a system job is limited to the counts 0 and 1");
  }
  if (!group.has_scaling()) return {};
  const auto& policy = group.scaling();
  if (count < policy.min()) {
    return refuse("group count was less than scaling policy minimum: " + std::to_string(count) +
                  " < " + std::to_string(policy.min()));
  }
  if (policy.has_max() && count > policy.max()) {
    return refuse("group count was greater than scaling policy maximum: " + std::to_string(count) +
                  " > " + std::to_string(policy.max()));
  }
  return {};
}

model::ScalingEvent event_of(const Serving& serving, model::JobScaleRequest& request,
                             std::int64_t previous) {
  model::ScalingEvent event;
  event.set_time(serving.core.clock().wall_ns());
  if (request.has_count()) event.set_count(request.count());
  event.set_previous_count(previous);
  event.set_message(std::move(*request.mutable_message()));
  event.set_error(request.error());
  event.mutable_meta()->swap(*request.mutable_meta());
  return event;
}

void scale(const Serving& serving, std::unique_ptr<model::JobScaleRequest> request,
           Done<Response> done) {
  const JobKey key{namespace_or_default(request->write().namespace_()), request->job_id()};
  const auto target = request->target().find("Group");
  const std::string group_name = target == request->target().end() ? "" : target->second;
  if (group_name.empty()) return done(refuse("missing task group name for scaling action"));
  if (request->error() && request->has_count()) {
    return done(refuse("scaling action should not contain count if error is true"));
  }
  const Snapshot snapshot = serving.core.snapshot();
  if (const auto allowed = check_registration_allowed(snapshot); !allowed) {
    return done(allowed.error());
  }
  const JobRef job = snapshot.job(key);
  if (!job) return done(Error{ErrorCode::not_found, "job \"" + key.id + "\" not found"});
  const auto group = std::find_if(job->group().begin(), job->group().end(),
                                  [&](const auto& one) { return one.name() == group_name; });
  if (group == job->group().end()) {
    return done(
        refuse("task group \"" + group_name + "\" specified for scaling does not exist in job"));
  }

  const std::int64_t previous = group->count();
  const bool changes = request->has_count() && request->count() != previous;
  Response response;
  response.set_job_modify_index(job->job_modify_index());
  model::Command command;
  if (request->has_count()) {
    if (const auto valid = check_count(*job, *group, request->count()); !valid) {
      return done(valid.error());
    }
    const auto deployment = snapshot.latest_deployment(key);
    if (deployment && is_active(*deployment) &&
        deployment->job_create_index() == job->create_index()) {
      return done(refuse("job scaling blocked due to active deployment"));
    }
    auto* registration = command.mutable_register_job();
    *registration->mutable_job() = *job;
    registration->mutable_job()->clear_submit_time();
    registration->mutable_job()
        ->mutable_group(static_cast<int>(group - job->group().begin()))
        ->set_count(static_cast<std::int32_t>(request->count()));
    // Nobody else may have changed the job since its counts were read.
    registration->set_enforce_index(true);
    registration->set_job_modify_index(request->enforce_index() ? request->job_modify_index()
                                                                : job->job_modify_index());
    auto* event = registration->mutable_scaling_event();
    *event = event_of(serving, *request, previous);
    registration->set_scaling_group(group_name);
    if (is_placed(*job)) {
      *registration->mutable_evaluation() = make_evaluation(serving, *job, "job-scaling");
      event->set_eval_id(registration->evaluation().id());
      response.set_eval_id(event->eval_id());
    }
  } else {
    auto* record = command.mutable_record_scaling_event();
    record->set_namespace_(key.ns);
    record->set_job_id(key.id);
    record->set_group(group_name);
    *record->mutable_event() = event_of(serving, *request, previous);
  }
  propose(serving, std::move(command), std::move(done),
          [response = std::move(response), changes](const Applied& applied) mutable {
            if (!response.eval_id().empty()) response.set_eval_create_index(applied.index);
            if (changes) response.set_job_modify_index(applied.job_modify_index);
            response.set_index(applied.index);
            return std::move(response);
          });
}

Status read_scale_status(Reading& reading, const model::JobReadRequest& request,
                         model::JobScaleStatusResponse& response) {
  const JobKey key = reading.job_key(request.job_id());
  const auto record = reading.snapshot.job_record(key);
  if (!record) return not_found("job");
  const model::Job& job = *record->job;
  response.set_job_id(job.id());
  response.set_namespace_(job.namespace_());
  response.set_job_create_index(job.create_index());
  response.set_job_modify_index(job.job_modify_index());
  response.set_job_stopped(job.stop());
  auto& groups = *response.mutable_task_groups();
  for (const auto& group : job.group()) groups[group.name()].set_desired(group.count());
  for (const AllocRef& alloc : reading.snapshot.allocs_of_job(key)) {
    if (alloc->job->create_index() != job.create_index() || alloc->terminal()) continue;
    const auto found = groups.find(alloc->task_group().name());
    if (found == groups.end()) continue;
    auto& group = found->second;
    group.set_placed(group.placed() + 1);
    if (alloc->client == ClientStatus::running) group.set_running(group.running() + 1);
    const auto& healthy = alloc->more().deployment_healthy;
    if (!healthy) continue;
    if (*healthy) {
      group.set_healthy(group.healthy() + 1);
    } else {
      group.set_unhealthy(group.unhealthy() + 1);
    }
  }
  for (const auto& [name, events] : record->scaling_events) {
    for (const auto& event : events) *groups[name].add_events() = *event;
  }
  return {};
}

}  // namespace

void add_job_scaling(OperationTable& table) {
  table.call("ScaleJob", Access::leader, &scale);
  table.read("ReadJobScaleStatus", {Table::jobs, Table::allocs}, &read_scale_status);
}

}  // namespace yurt::server
