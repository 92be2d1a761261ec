// What people do to deployments: promote, fail, pause, resume, and say what is healthy.
#include <algorithm>

#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/views.h"
#include "server/revert.h"
#include "server/state/transaction.h"

namespace yurt::server {
namespace {

using Response = model::DeploymentUpdateResponse;

// A deployment that can still be acted on, and its job.
struct Subject {
  DeploymentId id;
  DeploymentRef deployment;
  JobRecordRef record;  // null: the job is gone

  [[nodiscard]] std::string bytes() const { return id.to_bytes(); }
};

// `action` is what is refused once the deployment has ended: "promote", "fail".
Result<Subject> find_subject(const Serving& serving, const std::string& given,
                             const std::string& action) {
  if (given.empty()) return Error{ErrorCode::invalid_argument, "missing deployment ID"};
  const Snapshot snapshot = serving.core.snapshot();
  Subject subject{DeploymentId::parse_or_nil(given), {}, {}};
  subject.deployment = snapshot.deployment(subject.id);
  if (!subject.deployment) return not_found("deployment");
  if (!is_live(*subject.deployment)) {
    return Error{ErrorCode::failed_precondition,
                 "can't " + action + " terminal deployment: it is " + subject.deployment->status()};
  }
  subject.record =
      snapshot.job_record({subject.deployment->namespace_(), subject.deployment->job_id()});
  return subject;
}

// The evaluation that follows; its ID goes into the answer. None when the job is gone.
void add_evaluation(const Serving& serving, const Subject& subject, Response& response,
                    const std::function<model::Evaluation*()>& into) {
  if (!subject.record) return;
  model::Evaluation& eval = *into();
  eval = make_evaluation(serving, *subject.record->job, "deployment-watcher");
  eval.set_deployment_id(subject.deployment->id());
  response.set_eval_id(eval.id());
}

void propose_update(const Serving& serving, model::Command command, Response response,
                    Done<Response> done) {
  propose(serving, std::move(command), std::move(done),
          [response = std::move(response)](const Applied& applied) mutable {
            if (!response.eval_id().empty()) response.set_eval_create_index(applied.index);
            response.set_deployment_modify_index(applied.index);
            response.set_index(applied.index);
            return std::move(response);
          });
}

// Makes the deployment fail for the reason given, and the job go back where a group that is
// concerned says so. `Update` is a command that can carry a status and a return.
template <typename Update>
void add_failure(const Serving& serving, const Subject& subject, const std::string& why,
                 bool reverts, Update& update, Response& response) {
  std::string description = why;
  if (reverts && subject.record && is_of_newest(*subject.record, *subject.deployment)) {
    AutoRevert revert = choose_revert(*subject.record, why);
    description = std::move(revert.description);
    if (revert.target) {
      *update.mutable_revert() = revert_to(*subject.record, *revert.target);
      response.set_reverted_job_version(revert.target->version());
    }
  }
  update.mutable_update()->set_deployment_id(subject.bytes());
  update.mutable_update()->set_status("failed");
  update.mutable_update()->set_status_description(description);
  add_evaluation(serving, subject, response, [&] {
    return update.has_revert() ? update.mutable_revert()->mutable_evaluation()
                               : update.mutable_evaluation();
  });
}

void promote(const Serving& serving, std::unique_ptr<model::DeploymentPromoteRequest> request,
             Done<Response> done) {
  if (!request->all() && request->groups().empty()) {
    return done(Error{ErrorCode::invalid_argument,
                      "a promotion names the groups to promote (Groups), or All of them"});
  }
  const auto subject = find_subject(serving, request->deployment_id(), "promote");
  if (!subject) return done(subject.error());
  model::Command command;
  Response response;
  auto& promotion = *command.mutable_promote_deployment();
  promotion.set_deployment_id(subject->bytes());
  promotion.set_all(request->all());
  *promotion.mutable_groups() = request->groups();
  add_evaluation(serving, *subject, response, [&] { return promotion.mutable_evaluation(); });
  propose_update(serving, std::move(command), std::move(response), std::move(done));
}

void fail(const Serving& serving, std::unique_ptr<model::DeploymentFailRequest> request,
          Done<Response> done) {
  const auto subject = find_subject(serving, request->deployment_id(), "fail");
  if (!subject) return done(subject.error());
  const auto& groups = subject->deployment->task_groups();
  const bool reverts = std::any_of(groups.begin(), groups.end(),
                                   [](const auto& group) { return group.second.auto_revert(); });
  model::Command command;
  Response response;
  add_failure(serving, *subject, "Deployment marked as failed", reverts,
              *command.mutable_update_deployment_status(), response);
  propose_update(serving, std::move(command), std::move(response), std::move(done));
}

// What a deployment that goes on says of itself.
std::string running_description(const model::Deployment& deployment) {
  bool canaries = false, automatic = true;
  for (const auto& [name, group] : deployment.task_groups()) {
    if (group.desired_canaries() == 0 || group.promoted()) continue;
    canaries = true;
    automatic = automatic && group.auto_promote();
  }
  if (!canaries) return "Deployment is running";
  return automatic ? "Deployment is running pending automatic promotion"
                   : "Deployment is running but requires manual promotion";
}

void pause(const Serving& serving, std::unique_ptr<model::DeploymentPauseRequest> request,
           Done<Response> done) {
  const auto subject =
      find_subject(serving, request->deployment_id(), request->pause() ? "pause" : "resume");
  if (!subject) return done(subject.error());
  model::Command command;
  Response response;
  auto& update = *command.mutable_update_deployment_status();
  update.mutable_update()->set_deployment_id(subject->bytes());
  if (request->pause()) {
    update.mutable_update()->set_status("paused");
    update.mutable_update()->set_status_description("Deployment is paused");
  } else {
    update.mutable_update()->set_status("running");
    update.mutable_update()->set_status_description(running_description(*subject->deployment));
    add_evaluation(serving, *subject, response, [&] { return update.mutable_evaluation(); });
  }
  propose_update(serving, std::move(command), std::move(response), std::move(done));
}

// IDs as people write them, as commands carry them.
Status add_ids(const google::protobuf::RepeatedPtrField<std::string>& given,
               google::protobuf::RepeatedPtrField<std::string>& out) {
  for (const std::string& text : given) {
    const auto id = AllocId::parse_or_nil(text);
    if (id.is_nil()) return Error{ErrorCode::not_found, "unknown alloc \"" + text + "\""};
    *out.Add() = id.to_bytes();
  }
  return {};
}

void set_health(const Serving& serving,
                std::unique_ptr<model::DeploymentAllocHealthRequest> request, Done<Response> done) {
  if (request->healthy().empty() && request->unhealthy().empty()) {
    return done(Error{ErrorCode::invalid_argument,
                      "must specify at least one healthy or unhealthy allocation"});
  }
  const auto subject =
      find_subject(serving, request->deployment_id(), "set health of allocations for");
  if (!subject) return done(subject.error());
  model::Command command;
  Response response;
  auto& update = *command.mutable_set_alloc_health();
  update.set_deployment_id(subject->bytes());
  if (const auto read = add_ids(request->healthy(), *update.mutable_healthy()); !read) {
    return done(read.error());
  }
  if (const auto read = add_ids(request->unhealthy(), *update.mutable_unhealthy()); !read) {
    return done(read.error());
  }
  if (request->unhealthy().empty()) {
    add_evaluation(serving, *subject, response, [&] { return update.mutable_evaluation(); });
  } else {
    const Snapshot snapshot = serving.core.snapshot();
    const auto& groups = subject->deployment->task_groups();
    const bool reverts = std::any_of(
        request->unhealthy().begin(), request->unhealthy().end(), [&](const std::string& id) {
          const AllocRef alloc = snapshot.alloc(AllocId::parse_or_nil(id));
          const auto group = alloc ? groups.find(alloc->task_group().name()) : groups.end();
          return group != groups.end() && group->second.auto_revert();
        });
    add_failure(serving, *subject, "Failed due to unhealthy allocations", reverts, update,
                response);
  }
  propose_update(serving, std::move(command), std::move(response), std::move(done));
}

}  // namespace

void add_deployment_writes(OperationTable& table) {
  table.call("PromoteDeployment", Access::leader, &promote);
  table.call("FailDeployment", Access::leader, &fail);
  table.call("PauseDeployment", Access::leader, &pause);
  table.call("SetDeploymentHealth", Access::leader, &set_health);
}

}  // namespace yurt::server
