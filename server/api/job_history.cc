// A job's versions: listing them, going back to one, calling one stable.
#include "jobspec/diff/diff.h"
#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/request_options.h"
#include "server/api/views.h"

namespace yurt::server {
namespace {

using Response = model::JobRegisterResponse;

// The version that the others are compared with; null when each is compared with the one before it.
Result<JobRef> find_base(const JobRecord& record, const model::JobVersionsRequest& request) {
  if (request.diff_tag().empty() && !request.has_diff_version()) return JobRef();
  for (const JobRef& version : record.versions) {
    const bool found = request.diff_tag().empty()
                           ? version->version() == request.diff_version()
                           : version->version_tag().name() == request.diff_tag();
    if (found) return version;
  }
  return request.diff_tag().empty() ? not_found("version " + std::to_string(request.diff_version()))
                                    : not_found("tag \"" + request.diff_tag() + "\"");
}

Status list_versions(Reading& reading, const model::JobVersionsRequest& request,
                     model::JobVersionsResponse& response) {
  const auto record = reading.snapshot.job_record(reading.job_key(request.job_id()));
  if (!record) return not_found("job versions");
  reading.index = record->job->modify_index();
  for (const JobRef& version : record->versions) *response.add_versions() = *version;
  if (!request.diffs()) return {};
  YURT_ASSIGN(const JobRef base, find_base(*record, request));
  const auto& versions = record->versions;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (base && versions[i] == base) continue;
    const JobRef older = base ? base : (i + 1 < versions.size() ? versions[i + 1] : nullptr);
    if (!older) break;
    *response.add_diffs() = jobspec::diff_jobs(older.get(), versions[i].get());
  }
  return {};
}

void revert(const Serving& serving, std::unique_ptr<model::JobRevertRequest> request,
            Done<Response> done) {
  const Snapshot snapshot = serving.core.snapshot();
  const JobKey key{namespace_or_default(request->write().namespace_()), request->job_id()};
  const JobRef current = snapshot.job(key);
  const auto refuse = [&](ErrorCode code, const std::string& why) { done(Error{code, why}); };
  if (!current) return refuse(ErrorCode::not_found, "job \"" + key.id + "\" not found");
  if (request->has_enforce_prior_version() &&
      request->enforce_prior_version() != current->version()) {
    return refuse(ErrorCode::conflict,
                  "current job has version " + std::to_string(current->version()) +
                      "; enforcing version " + std::to_string(request->enforce_prior_version()));
  }
  if (request->job_version() == current->version()) {
    return refuse(ErrorCode::failed_precondition, "can't revert to current version");
  }
  const JobRef target = snapshot.job_version(key, request->job_version());
  if (!target) {
    return refuse(ErrorCode::not_found, "job \"" + key.id + "\" in namespace \"" + key.ns +
                                            "\" at version " +
                                            std::to_string(request->job_version()) + " not found");
  }
  if (const auto allowed = check_registration_allowed(snapshot); !allowed) {
    return done(allowed.error());
  }

  model::Command command;
  auto* registration = command.mutable_register_job();
  *registration->mutable_job() = *target;
  registration->mutable_job()->clear_submit_time();
  registration->mutable_job()->clear_version_tag();
  const auto record = snapshot.job_record(key);
  const auto source = record->submissions.find(target->version());
  if (source != record->submissions.end()) *registration->mutable_submission() = *source->second;
  // What is reverted is what was looked at.
  registration->set_enforce_index(true);
  registration->set_job_modify_index(current->job_modify_index());
  Response response;
  if (is_placed(*target)) {
    *registration->mutable_evaluation() = make_evaluation(serving, *target, "job-register");
    response.set_eval_id(registration->evaluation().id());
  }
  propose(serving, std::move(command), std::move(done),
          [response = std::move(response)](const Applied& applied) mutable {
            if (!response.eval_id().empty()) response.set_eval_create_index(applied.index);
            response.set_job_modify_index(applied.job_modify_index);
            response.set_index(applied.index);
            return std::move(response);
          });
}

void set_stability(const Serving& serving, std::unique_ptr<model::JobStabilityRequest> request,
                   Done<model::JobStabilityResponse> done) {
  model::Command command;
  auto* change = command.mutable_set_job_stability();
  change->set_namespace_(namespace_or_default(request->write().namespace_()));
  change->set_job_id(request->job_id());
  change->set_job_version(request->job_version());
  change->set_stable(request->stable());
  propose(serving, std::move(command), std::move(done), [](const Applied& applied) {
    model::JobStabilityResponse response;
    response.set_job_modify_index(applied.job_modify_index);
    response.set_index(applied.index);
    return response;
  });
}

}  // namespace

void add_job_history(OperationTable& table) {
  table.read("ListJobVersions", {Table::jobs}, &list_versions);
  table.call("RevertJob", Access::leader, &revert);
  table.call("SetJobStability", Access::leader, &set_stability);
}

}  // namespace yurt::server
