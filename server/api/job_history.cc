// A job's versions: listing them, going back to one, calling one stable, naming one.
#include "jobspec/diff/diff.h"
#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/request_options.h"
#include "server/api/views.h"
#include "server/revert.h"

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
  // What is reverted is what was looked at.
  *registration = revert_to(*snapshot.job_record(key), *target);
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

// The version a tag is put on: the one named, else the newest.
Result<std::uint64_t> version_to_tag(const Serving& serving, const JobKey& key,
                                     const model::JobTagRequest& request) {
  const JobRef job = serving.core.snapshot().job(key);
  if (!job) return not_found("job");
  if (request.tag().empty()) return Error{ErrorCode::invalid_argument, "tag name required"};
  constexpr std::size_t most_characters = 128;
  if (request.tag().size() > most_characters) {
    return Error{ErrorCode::invalid_argument, "a tag's name has at most 128 characters"};
  }
  constexpr std::size_t most_described = 1000;
  if (request.description().size() > most_described) {
    return Error{ErrorCode::invalid_argument, "a tag's description has at most 1000 characters"};
  }
  return request.has_version() ? request.version() : job->version();
}

void propose_tag(const Serving& serving, model::Command command, Done<model::JobTagResponse> done) {
  model::JobTagResponse response;
  response.set_name(command.tag_job_version().name());
  response.set_description(command.tag_job_version().description());
  if (command.tag_job_version().has_version()) {
    response.set_tagged_time(serving.core.clock().wall_ns());
  }
  propose(serving, std::move(command), std::move(done),
          [response = std::move(response)](const Applied& applied) mutable {
            response.set_index(applied.index);
            return std::move(response);
          });
}

void tag_version(const Serving& serving, std::unique_ptr<model::JobTagRequest> request,
                 Done<model::JobTagResponse> done) {
  const JobKey key{namespace_or_default(request->write().namespace_()), request->job_id()};
  const auto version = version_to_tag(serving, key, *request);
  if (!version) return done(version.error());
  model::Command command;
  auto& tag = *command.mutable_tag_job_version();
  tag.set_namespace_(key.ns);
  tag.set_job_id(key.id);
  tag.set_name(request->tag());
  tag.set_description(request->description());
  tag.set_version(*version);
  propose_tag(serving, std::move(command), std::move(done));
}

void untag_version(const Serving& serving, std::unique_ptr<model::JobTagRequest> request,
                   Done<model::JobTagResponse> done) {
  model::Command command;
  auto& tag = *command.mutable_tag_job_version();
  tag.set_namespace_(namespace_or_default(request->write().namespace_()));
  tag.set_job_id(request->job_id());
  tag.set_name(request->tag());
  propose_tag(serving, std::move(command), std::move(done));
}

}  // namespace

void add_job_history(OperationTable& table) {
  table.read("ListJobVersions", {Table::jobs}, &list_versions);
  table.call("RevertJob", Access::leader, &revert);
  table.call("SetJobStability", Access::leader, &set_stability);
  table.call("TagJobVersion", Access::leader, &tag_version);
  table.call("UntagJobVersion", Access::leader, &untag_version);
}

}  // namespace yurt::server
