// job stop, scale, revert, restart, eval: changes to a job that is registered.
#include <algorithm>
#include <cstdlib>

#include "cli/job_commands.h"
#include "cli/monitor.h"
#include "cli/named_commands.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

struct ChangeOptions {
  std::string job;
  bool detach = false, verbose = false;
};

void add_shared(CLI::App& command, ChangeOptions& options) {
  command.add_option("job", options.job, "Job ID or prefix")->required();
  command.add_flag("--detach", options.detach, "Print the evaluation's ID and return at once");
  command.add_flag("--verbose", options.verbose, "Print whole IDs");
}

int follow(Session& session, const ChangeOptions& options, const std::string& eval_id,
           bool deployment) {
  if (eval_id.empty()) return exit_ok;
  if (options.detach) {
    session.terminal.print("Evaluation ID: " + eval_id);
    return exit_ok;
  }
  return monitor_evaluation(session, eval_id,
                            {.verbose = options.verbose, .deployment = deployment});
}

struct StopOptions : ChangeOptions {
  bool purge = false, yes = false, no_shutdown_delay = false, global = false;
  int eval_priority = 0;
};

int stop_job(Session& session, const StopOptions& options) {
  const auto id = resolve_job(session, options.job);
  if (!id.ok()) return fail(session, id.error());
  // A prefix names a job the user may not have meant.
  if (*id != options.job && !options.yes) {
    if (!ask(session, "\"" + options.job + "\" is a prefix of \"" + *id + "\": stop that job?")) {
      session.terminal.print("Cancelled: nothing was stopped");
      return exit_failure;
    }
  }
  model::JobDeregisterRequest request;
  *request.mutable_write() = write(session);
  request.set_job_id(*id);
  request.set_purge(options.purge);
  request.set_global(options.global);
  request.set_no_shutdown_delay(options.no_shutdown_delay);
  request.set_eval_priority(options.eval_priority);
  const auto reply = session.client().get<model::JobDeregisterResponse>("DeregisterJob", request);
  if (!reply.ok()) return fail(session, reply.error());
  return follow(session, options, reply->eval_id(), false);
}

struct ScaleOptions : ChangeOptions {
  std::string group_or_count, count;
  std::optional<std::uint64_t> check_index;
};

int scale_job(Session& session, const ScaleOptions& options) {
  const auto id = resolve_job(session, options.job);
  if (!id.ok()) return fail(session, id.error());
  std::string group = options.count.empty() ? "" : options.group_or_count;
  const std::string& count_text = options.count.empty() ? options.group_or_count : options.count;
  model::JobScaleRequest request;
  *request.mutable_write() = write(session);
  request.set_job_id(*id);
  char* end = nullptr;
  request.set_count(std::strtoll(count_text.c_str(), &end, 10));
  if (end == count_text.c_str() || *end != '\0' || request.count() < 0) {
    return fail(session, {ErrorCode::invalid_argument,
                          "\"" + count_text + "\" is not a count; expected a number from 0"});
  }
  if (group.empty()) {
    model::JobReadRequest read;
    *read.mutable_query() = query(session);
    read.set_job_id(*id);
    const auto job = session.client().get<model::JobReadResponse>("ReadJob", read);
    if (!job.ok()) return fail(session, job.error());
    if (job->job().group_size() != 1) {
      return fail(session, {ErrorCode::invalid_argument,
                            "the job has several groups: name one, as in `yurt job scale " + *id +
                                " " + job->job().group(0).name() + " 3`"});
    }
    group = job->job().group(0).name();
  }
  (*request.mutable_target())["Group"] = group;
  request.set_message("submitted using the Yurt CLI");
  if (options.check_index) {
    request.set_enforce_index(true);
    request.set_job_modify_index(*options.check_index);
  }
  const auto reply = session.client().get<model::JobRegisterResponse>("ScaleJob", request);
  if (!reply.ok()) return fail(session, reply.error());
  return follow(session, options, reply->eval_id(), true);
}

struct RevertOptions : ChangeOptions {
  std::string version;
};

// The number of a version named by number or by tag.
Result<std::uint64_t> version_named(Session& session, const std::string& job,
                                    const std::string& name) {
  char* end = nullptr;
  const std::uint64_t number = std::strtoull(name.c_str(), &end, 10);
  if (!name.empty() && name[0] != '-' && *end == '\0') return number;
  model::JobVersionsRequest request;
  *request.mutable_query() = query(session);
  request.set_job_id(job);
  YURT_ASSIGN(const auto reply,
              session.client().get<model::JobVersionsResponse>("ListJobVersions", request));
  for (const auto& version : reply.versions()) {
    if (version.has_version_tag() && version.version_tag().name() == name) return version.version();
  }
  return Error{ErrorCode::not_found, "job \"" + job + "\" has no version with the tag \"" + name +
                                         "\"; `yurt job history " + job + "` lists them"};
}

int revert_job(Session& session, const RevertOptions& options) {
  const auto id = resolve_job(session, options.job);
  if (!id.ok()) return fail(session, id.error());
  const auto version = version_named(session, *id, options.version);
  if (!version.ok()) return fail(session, version.error());
  model::JobRevertRequest request;
  *request.mutable_write() = write(session);
  request.set_job_id(*id);
  request.set_job_version(*version);
  const auto reply = session.client().get<model::JobRegisterResponse>("RevertJob", request);
  if (!reply.ok()) return fail(session, reply.error());
  return follow(session, options, reply->eval_id(), true);
}

struct JobEvalOptions : ChangeOptions {
  bool force_reschedule = false;
};

int evaluate_job(Session& session, const JobEvalOptions& options) {
  const auto id = resolve_job(session, options.job);
  if (!id.ok()) return fail(session, id.error());
  model::JobEvaluateRequest request;
  *request.mutable_write() = write(session);
  request.set_job_id(*id);
  request.mutable_eval_options()->set_force_reschedule(options.force_reschedule);
  const auto reply = session.client().get<model::JobRegisterResponse>("EvaluateJob", request);
  if (!reply.ok()) return fail(session, reply.error());
  return follow(session, options, reply->eval_id(), false);
}

struct RestartOptions : ChangeOptions {
  std::vector<std::string> groups, tasks;
  bool all_tasks = false;
};

bool chosen(const std::vector<std::string>& wanted, const std::string& name) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
}

int restart_job(Session& session, const RestartOptions& options) {
  const auto id = resolve_job(session, options.job);
  if (!id.ok()) return fail(session, id.error());
  model::JobAllocationsRequest list;
  *list.mutable_query() = query(session);
  list.set_job_id(*id);
  const auto allocs =
      session.client().get<model::AllocationListResponse>("ListJobAllocations", list);
  if (!allocs.ok()) return fail(session, allocs.error());
  int restarted = 0;
  for (const auto& alloc : allocs->allocations()) {
    if (alloc.client_status() != "running" || !chosen(options.groups, alloc.task_group())) continue;
    const std::vector<std::string> tasks =
        options.tasks.empty() ? std::vector<std::string>{""} : options.tasks;
    for (const std::string& task : tasks) {
      model::AllocationRestartRequest request;
      *request.mutable_write() = write(session);
      request.set_alloc_id(alloc.id());
      request.set_task_name(task);
      request.set_all_tasks(options.all_tasks);
      const auto reply = session.client().get<model::Empty>("RestartAllocation", request);
      if (!reply.ok()) return fail(session, reply.error());
    }
    session.terminal.print("    Restarted allocation \"" + short_id(alloc.id(), options.verbose) +
                           "\" of group \"" + alloc.task_group() + "\"");
    ++restarted;
  }
  session.terminal.print("==> Job restart finished: " + std::to_string(restarted) +
                         " allocations restarted");
  return exit_ok;
}

}  // namespace

CLI::App* add_stop(CLI::App& parent, Session& session, const std::string& name) {
  auto stop = std::make_shared<StopOptions>();
  CLI::App* command = add_command(parent, session, name, "Stop a job",
                                  [&session, stop] { return stop_job(session, *stop); });
  add_shared(*command, *stop);
  command->add_flag("--purge", stop->purge, "Forget the job as well");
  command->add_flag("-y,--yes", stop->yes, "Do not ask");
  command->add_flag("--global", stop->global, "Stop it in every region");
  command->add_flag("--no-shutdown-delay", stop->no_shutdown_delay, "Ignore shutdown_delay");
  command->add_option("--eval-priority", stop->eval_priority, "Priority of the evaluation");
  return command;
}

void add_job_changes(CLI::App& job, Session& session) {
  auto scale = std::make_shared<ScaleOptions>();
  CLI::App* command = add_command(job, session, "scale", "Change the count of a group",
                                  [&session, scale] { return scale_job(session, *scale); });
  add_shared(*command, *scale);
  command->add_option("group", scale->group_or_count, "Group, when there are several")->required();
  command->add_option("count", scale->count, "New count");
  command->add_option("--check-index", scale->check_index, "The job's modify index must be this");

  auto revert = std::make_shared<RevertOptions>();
  command = add_command(job, session, "revert", "Go back to an earlier version",
                        [&session, revert] { return revert_job(session, *revert); });
  add_shared(*command, *revert);
  command
      ->add_option("version", revert->version, "The version to go back to: its number or its tag")
      ->required();

  auto eval = std::make_shared<JobEvalOptions>();
  command = add_command(job, session, "eval", "Schedule a job again",
                        [&session, eval] { return evaluate_job(session, *eval); });
  add_shared(*command, *eval);
  command->add_flag("--force-reschedule", eval->force_reschedule,
                    "Replace failed allocations whatever their policy says");

  auto restart = std::make_shared<RestartOptions>();
  command = add_command(job, session, "restart", "Restart the tasks of a job where they are",
                        [&session, restart] { return restart_job(session, *restart); });
  add_shared(*command, *restart);
  command->add_option("--group", restart->groups, "Only this group; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--task", restart->tasks, "Only this task; may be repeated")
      ->allow_extra_args(false);
  command->add_flag("--all-tasks", restart->all_tasks, "Also tasks that are not running");
}

}  // namespace yurt::cli
