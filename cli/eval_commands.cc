// eval list and status: what the scheduler has done.
#include <algorithm>

#include "cli/monitor.h"
#include "cli/named_commands.h"
#include "cli/pages.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

struct EvalOptions : PageOptions {
  std::string id, job, status, filter;
  bool monitor = false;
};

int list_evals(Session& session, const EvalOptions& options) {
  model::EvaluationListRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_filter(options.filter);
  request.mutable_query()->set_reverse(true);
  request.set_job(options.job);
  request.set_status(options.status);
  const auto reply =
      session.client().get<model::EvaluationListResponse>("ListEvaluations", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "evaluations");
  if (reply->evaluations().empty()) {
    session.terminal.print("No evals found");
    return exit_ok;
  }
  std::vector<Row> rows{
      {"ID", "Priority", "Triggered By", "Job ID", "Status", "Placement Failures"}};
  for (const auto& eval : reply->evaluations()) {
    rows.push_back({short_id(eval.id(), options.verbose), std::to_string(eval.priority()),
                    eval.triggered_by(), eval.job_id(),
                    status_text(session.terminal, eval.status()),
                    eval.failed_tg_allocs().empty() ? "false" : "true"});
  }
  session.terminal.print(table(session.terminal, rows));
  return exit_ok;
}

int run_eval_status(Session& session, const EvalOptions& options) {
  if (!options.monitor) return show_eval(session, options.id, options);
  const auto id = resolve_eval(session, options.id);
  if (!id.ok()) return fail(session, id.error());
  return monitor_evaluation(session, *id, {.verbose = options.verbose});
}

}  // namespace

int show_eval(Session& session, const std::string& prefix, const PageOptions& options) {
  const auto id = resolve_eval(session, prefix);
  if (!id.ok()) return fail(session, id.error());
  model::EvaluationReadRequest request;
  *request.mutable_query() = query(session);
  request.set_eval_id(*id);
  const auto reply = session.client().get<model::EvaluationReadResponse>("ReadEvaluation", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "evaluation");
  const auto& eval = reply->evaluation();
  const Terminal& terminal = session.terminal;
  terminal.print(key_values(
      terminal, {{"ID", short_id(eval.id(), options.verbose)},
                 {"Create Time", time_ago(session, eval.create_time())},
                 {"Modify Time", time_ago(session, eval.modify_time())},
                 {"Status", status_text(terminal, eval.status())},
                 {"Status Description",
                  eval.status_description().empty() ? eval.status() : eval.status_description()},
                 {"Type", eval.type()},
                 {"TriggeredBy", eval.triggered_by()},
                 {"Job ID", eval.job_id()},
                 {"Namespace", eval.namespace_()},
                 {"Priority", std::to_string(eval.priority())},
                 {"Placement Failures", eval.failed_tg_allocs().empty() ? "false" : "true"},
                 {"Previous Eval", short_id(eval.previous_eval(), options.verbose)},
                 {"Next Eval", short_id(eval.next_eval(), options.verbose)},
                 {"Blocked Eval", short_id(eval.blocked_eval(), options.verbose)}}));
  if (!eval.failed_tg_allocs().empty()) {
    terminal.print("\n" + terminal.paint(Color::bold, "Failed Placements") + "\n" +
                   placement_failures(terminal, eval.failed_tg_allocs()));
  }
  const auto allocs =
      session.client().get<model::AllocationListResponse>("ListEvaluationAllocations", request);
  if (allocs.ok() && !allocs->allocations().empty()) {
    terminal.print("\n" + terminal.paint(Color::bold, "Allocations") + "\n" +
                   allocation_table(session, allocs->allocations(), options.verbose));
  }
  return exit_ok;
}

CLI::App* add_eval_status(CLI::App& parent, Session& session, const std::string& name) {
  auto status = std::make_shared<EvalOptions>();
  CLI::App* command =
      add_command(parent, session, name, "Show an evaluation, and why it could not place",
                  [&session, status] { return run_eval_status(session, *status); });
  command->add_option("eval", status->id, "Evaluation ID or prefix")->required();
  status->output.add_to(*command);
  command->add_flag("--verbose", status->verbose, "Print whole IDs");
  command->add_flag("--monitor", status->monitor, "Follow it until it is dealt with");
  return command;
}

void add_eval_commands(CLI::App& root, Session& session) {
  CLI::App* eval = add_group(root, "eval", "Look at evaluations");
  auto list = std::make_shared<EvalOptions>();
  CLI::App* command = add_command(*eval, session, "list", "List evaluations",
                                  [&session, list] { return list_evals(session, *list); });
  list->output.add_to(*command);
  command->add_flag("--verbose", list->verbose, "Print whole IDs");
  command->add_option("--job", list->job, "Only those of this job");
  command->add_option("--status", list->status, "Only those with this status");
  command->add_option("--filter", list->filter, "Only those that match the expression");
  add_eval_status(*eval, session, "status");
}

}  // namespace yurt::cli
