// sweep logs: what the trials of a sweep have written.
#include <unistd.h>

#include <algorithm>

#include "cli/show.h"
#include "cli/streaming.h"
#include "cli/sweep_commands.h"

namespace yurt::cli {
namespace {

struct SweepLogOptions {
  std::string sweep, status, task;
  std::vector<std::uint32_t> trials;
  bool want_stderr = false, follow = false;
  Tail tail;

  [[nodiscard]] bool wants(const model::TrialRecord& trial) const {
    const bool named =
        trials.empty() || std::find(trials.begin(), trials.end(), trial.trial()) != trials.end();
    return named && (status.empty() || trial.status() == status);
  }
};

// The newest allocation of a trial; "" when it has none (any more).
Result<model::AllocationStub> newest_alloc(Session& session, const std::string& job) {
  model::JobAllocationsRequest request;
  *request.mutable_query() = query(session);
  request.set_job_id(job);
  YURT_ASSIGN(const auto reply,
              session.client().get<model::AllocationListResponse>("ListJobAllocations", request));
  const auto newest = std::max_element(
      reply.allocations().begin(), reply.allocations().end(),
      [](const auto& a, const auto& b) { return a.create_index() < b.create_index(); });
  if (newest == reply.allocations().end()) {
    return Error{ErrorCode::not_found, "it has no allocation: it waits, or has been collected"};
  }
  return *newest;
}

Status copy_trial(Session& session, const SweepLogOptions& options, const std::string& job) {
  YURT_ASSIGN(const model::AllocationStub alloc, newest_alloc(session, job));
  bool any = false;
  std::vector<std::string> tasks;
  for (const auto& [name, state] : alloc.task_states()) tasks.push_back(name);
  std::sort(tasks.begin(), tasks.end());
  for (const std::string& task : tasks) {
    if (!options.task.empty() && task != options.task) continue;
    any = true;
    if (alloc.task_states().at(task).started_at() == 0) continue;
    model::LogsRequest request;
    *request.mutable_query() = query(session);
    request.set_alloc_id(alloc.id());
    request.set_task(task);
    request.set_type(options.want_stderr ? "stderr" : "stdout");
    request.set_follow(options.follow);
    YURT_TRY(copy_stream(session, "StreamLogs", std::move(request), options.tail, STDOUT_FILENO));
  }
  if (!any && !options.task.empty()) {
    return Error{ErrorCode::not_found, "it has no task \"" + options.task + "\""};
  }
  return {};
}

int show_sweep_logs(Session& session, const SweepLogOptions& options) {
  if (options.follow && options.trials.size() != 1) {
    return fail(session,
                {ErrorCode::invalid_argument, "-f follows one trial: name it with -trial"});
  }
  const auto id = resolve_sweep(session, options.sweep);
  if (!id.ok()) return fail(session, id.error());
  const auto trials = read_trials(session, *id);
  if (!trials.ok()) return fail(session, trials.error());
  bool any = false;
  int code = exit_ok;
  for (const auto& one : trials->trials()) {
    const model::TrialRecord& trial = one.trial();
    if (!options.wants(trial)) continue;
    any = true;
    if (options.trials.size() != 1) {
      std::string title =
          "==> trial " + std::to_string(trial.trial()) + " (" + trial.status() + ")";
      const std::map<std::string, std::string> parameters(one.parameters().begin(),
                                                          one.parameters().end());
      for (const auto& [name, value] : parameters) title += " " + name + "=" + value;
      session.terminal.print(title);
    }
    if (const Status status = copy_trial(session, options, trial.job_id()); !status.ok()) {
      code = fail(session, status.error().within("trial " + std::to_string(trial.trial())));
    }
  }
  if (any) return code;
  return fail(session, {ErrorCode::not_found, "the sweep has started no such trial"});
}

}  // namespace

void add_sweep_logs(CLI::App& sweep, Session& session) {
  auto options = std::make_shared<SweepLogOptions>();
  CLI::App* command =
      add_command(sweep, session, "logs", "Print what the trials of a sweep have written",
                  [&session, options] { return show_sweep_logs(session, *options); });
  command->add_option("sweep", options->sweep, "Sweep ID or prefix")->required();
  command->add_option("--trial", options->trials, "Only this trial, by number; may be repeated")
      ->expected(1)
      ->take_all();
  command->add_option("--status", options->status,
                      "Only trials that are: pending, running, complete, failed, stopped");
  command->add_option("--task", options->task, "Only this task");
  command->add_flag("--stderr", options->want_stderr, "Standard error instead of output");
  command->add_flag("-f,--follow", options->follow, "With one -trial: go on as more is written");
  options->tail.add_to(*command);
}

}  // namespace yurt::cli
