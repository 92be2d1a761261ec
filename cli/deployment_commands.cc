// deployment list, status, promote, fail, pause, resume, unblock, and job promote: releases under
// way, and what people say to them.
#include "cli/job_commands.h"
#include "cli/monitor.h"
#include "cli/pages.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

using Reply = model::DeploymentUpdateResponse;

struct DeploymentOptions : PageOptions {
  std::string id, filter;
  std::vector<std::string> groups;
  bool monitor = false, detach = false;
};

int list_deployments(Session& session, const DeploymentOptions& options) {
  model::DeploymentListRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_reverse(true);
  request.mutable_query()->set_filter(options.filter);
  const auto reply =
      session.client().get<model::DeploymentListResponse>("ListDeployments", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "deployments");
  session.terminal.print(deployment_table(session, reply->deployments(), options.verbose));
  return exit_ok;
}

int show_status(Session& session, const DeploymentOptions& options) {
  if (options.id.empty()) return list_deployments(session, options);
  if (!options.monitor) return show_deployment(session, options.id, options);
  const auto id = resolve_deployment(session, options.id);
  if (!id.ok()) return fail(session, id.error());
  return monitor_deployment(session, *id, options.verbose);
}

// Shows the answer, and follows what comes of it unless that was not wanted.
int finish(Session& session, const DeploymentOptions& options, const std::string& said,
           const Reply& reply, bool deployment) {
  if (options.output.wanted()) return print_message(session, options.output, reply);
  session.terminal.print(said);
  if (reply.has_reverted_job_version()) {
    session.terminal.print("Auto-reverted to job version " +
                           std::to_string(reply.reverted_job_version()));
  }
  if (reply.eval_id().empty()) return exit_ok;
  if (options.detach) {
    session.terminal.print("Evaluation ID: " + reply.eval_id());
    return exit_ok;
  }
  return monitor_evaluation(session, reply.eval_id(),
                            {.verbose = options.verbose, .deployment = deployment});
}

std::string named(const std::string& id, const DeploymentOptions& options) {
  return "Deployment \"" + short_id(id, options.verbose) + "\"";
}

int promote(Session& session, const std::string& id, const DeploymentOptions& options) {
  model::DeploymentPromoteRequest request;
  *request.mutable_write() = write(session);
  request.set_deployment_id(id);
  request.set_all(options.groups.empty());
  for (const std::string& group : options.groups) request.add_groups(group);
  const auto reply = session.client().get<Reply>("PromoteDeployment", request);
  if (!reply.ok()) return fail(session, reply.error());
  return finish(session, options, named(id, options) + " promoted", *reply, true);
}

int promote_deployment(Session& session, const DeploymentOptions& options) {
  const auto id = resolve_deployment(session, options.id);
  if (!id.ok()) return fail(session, id.error());
  return promote(session, *id, options);
}

int promote_job(Session& session, const DeploymentOptions& options) {
  const auto job = resolve_job(session, options.id);
  if (!job.ok()) return fail(session, job.error());
  model::JobReadRequest request;
  *request.mutable_query() = query(session);
  request.set_job_id(*job);
  const auto latest =
      session.client().get<model::DeploymentReadResponse>("ReadJobLatestDeployment", request);
  if (!latest.ok()) return fail(session, latest.error());
  if (latest->deployment().id().empty()) {
    return fail(session,
                {ErrorCode::not_found, "job \"" + *job + "\" has no deployment to promote"});
  }
  return promote(session, latest->deployment().id(), options);
}

int fail_deployment(Session& session, const DeploymentOptions& options) {
  const auto id = resolve_deployment(session, options.id);
  if (!id.ok()) return fail(session, id.error());
  model::DeploymentFailRequest request;
  *request.mutable_write() = write(session);
  request.set_deployment_id(*id);
  const auto reply = session.client().get<Reply>("FailDeployment", request);
  if (!reply.ok()) return fail(session, reply.error());
  return finish(session, options, named(*id, options) + " failed", *reply, false);
}

int pause_deployment(Session& session, const DeploymentOptions& options, bool pause) {
  const auto id = resolve_deployment(session, options.id);
  if (!id.ok()) return fail(session, id.error());
  model::DeploymentPauseRequest request;
  *request.mutable_write() = write(session);
  request.set_deployment_id(*id);
  request.set_pause(pause);
  const auto reply = session.client().get<Reply>("PauseDeployment", request);
  if (!reply.ok()) return fail(session, reply.error());
  return finish(session, options, named(*id, options) + (pause ? " paused" : " resumed"), *reply,
                false);
}

int unblock_deployment(Session& session, const DeploymentOptions& options) {
  const auto id = resolve_deployment(session, options.id);
  if (!id.ok()) return fail(session, id.error());
  return fail(session, {ErrorCode::unimplemented,
                        "a deployment only ever waits for other regions in a multiregion job, and"
                        " this cluster is one region: there is nothing to unblock"});
}

using Options = std::shared_ptr<DeploymentOptions>;

CLI::App* add_deployment_command(CLI::App& parent, Session& session, const char* name,
                                 const char* description, const Options& options,
                                 std::function<int()> run) {
  CLI::App* command = add_command(parent, session, name, description, std::move(run));
  options->output.add_to(*command);
  command->add_flag("--verbose", options->verbose, "Print whole IDs");
  return command;
}

void add_detach(CLI::App& command, const Options& options) {
  command.add_flag("--detach", options->detach, "Print the evaluation's ID and return at once");
}

void add_groups(CLI::App& command, const Options& options) {
  command
      .add_option("--group", options->groups,
                  "Only the canaries of this group; may be repeated. All groups when not given")
      ->allow_extra_args(false);
}

void add_actions(CLI::App& deployment, Session& session) {
  const auto make = [] { return std::make_shared<DeploymentOptions>(); };
  const auto id = [](CLI::App& command, const Options& options) {
    command.add_option("deployment", options->id, "Deployment ID or prefix")->required();
  };
  Options options = make();
  CLI::App* command = add_deployment_command(
      deployment, session, "promote", "Promote canaries that are healthy", options,
      [&session, options] { return promote_deployment(session, *options); });
  id(*command, options);
  add_groups(*command, options);
  add_detach(*command, options);

  options = make();
  command =
      add_deployment_command(deployment, session, "fail", "Fail a deployment by hand", options,
                             [&session, options] { return fail_deployment(session, *options); });
  id(*command, options);
  add_detach(*command, options);
  command->footer("Groups with auto_revert go back to the last stable version.");

  options = make();
  command = add_deployment_command(
      deployment, session, "pause", "Pause a deployment: nothing new is placed or replaced",
      options, [&session, options] { return pause_deployment(session, *options, true); });
  id(*command, options);
  add_detach(*command, options);

  options = make();
  command = add_deployment_command(
      deployment, session, "resume", "Let a paused deployment go on", options,
      [&session, options] { return pause_deployment(session, *options, false); });
  id(*command, options);
  add_detach(*command, options);

  options = make();
  command = add_deployment_command(
      deployment, session, "unblock", "For multiregion jobs, which Yurt does not have", options,
      [&session, options] { return unblock_deployment(session, *options); });
  id(*command, options);
  add_detach(*command, options);
}

}  // namespace

int show_deployment(Session& session, const std::string& prefix, const PageOptions& options) {
  const auto id = resolve_deployment(session, prefix);
  if (!id.ok()) return fail(session, id.error());
  model::DeploymentReadRequest request;
  *request.mutable_query() = query(session);
  request.set_deployment_id(*id);
  const auto reply = session.client().get<model::DeploymentReadResponse>("ReadDeployment", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "deployment");
  const auto& deployment = reply->deployment();
  const Terminal& terminal = session.terminal;
  terminal.print(key_values(terminal, {{"ID", deployment.id()},
                                       {"Job ID", deployment.job_id()},
                                       {"Job Version", std::to_string(deployment.job_version())},
                                       {"Status", status_text(terminal, deployment.status())},
                                       {"Description", deployment.status_description()}}));
  terminal.print(deployed_text(session, deployment));
  const auto allocs =
      session.client().get<model::AllocationListResponse>("ListDeploymentAllocations", request);
  if (allocs.ok() && !allocs->allocations().empty()) {
    terminal.print("\n" + terminal.paint(Color::bold, "Allocations") + "\n" +
                   allocation_table(session, allocs->allocations(), options.verbose));
  }
  return exit_ok;
}

void add_deployment_commands(CLI::App& root, Session& session) {
  CLI::App* deployment = add_group(root, "deployment", "Watch and steer deployments");
  auto list = std::make_shared<DeploymentOptions>();
  CLI::App* command =
      add_deployment_command(*deployment, session, "list", "List deployments", list,
                             [&session, list] { return list_deployments(session, *list); });
  command->add_option("--filter", list->filter, "Only those that match the expression");
  auto status = std::make_shared<DeploymentOptions>();
  command = add_deployment_command(*deployment, session, "status",
                                   "Show a deployment; list them all when none is named", status,
                                   [&session, status] { return show_status(session, *status); });
  command->add_option("deployment", status->id, "Deployment ID or prefix");
  command->add_flag("--monitor", status->monitor, "Follow it until it is over");
  add_actions(*deployment, session);
}

void add_job_promote(CLI::App& job, Session& session) {
  auto options = std::make_shared<DeploymentOptions>();
  CLI::App* command = add_deployment_command(
      job, session, "promote", "Promote the canaries of a job's latest deployment", options,
      [&session, options] { return promote_job(session, *options); });
  command->add_option("job", options->id, "Job ID or prefix")->required();
  add_groups(*command, options);
  add_detach(*command, options);
}

}  // namespace yurt::cli
