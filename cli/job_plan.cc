// job plan: what registering a file would change.
#include "cli/diff_text.h"
#include "cli/job_file.h"
#include "cli/named_commands.h"
#include "cli/output.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

struct PlanOptions {
  JobFileOptions file;
  OutputOptions output;
  bool diff = true, verbose = false;
};

bool changes_anything(const model::JobPlanResponse& plan) {
  for (const auto& [group, updates] : plan.annotations().desired_tg_updates()) {
    if (updates.place() + updates.migrate() + updates.stop() + updates.in_place_update() +
            updates.destructive_update() + updates.canary() + updates.preemptions() >
        0) {
      return true;
    }
  }
  return false;
}

int plan_job(Session& session, const PlanOptions& options) {
  auto file = load_job_file(session, options.file);
  if (!file) return exit_plan_error;
  if (!file->job.has_namespace_()) file->job.set_namespace_(session.ns);
  model::JobPlanRequest request;
  *request.mutable_write() = write(session);
  *request.mutable_job() = file->job;
  request.set_diff(options.diff);
  const auto reply = session.client().get<model::JobPlanResponse>("PlanJob", request);
  if (!reply.ok()) {
    fail(session, reply.error());
    return exit_plan_error;
  }
  const Terminal& terminal = session.terminal;
  if (options.output.wanted()) {
    const int code = print_message(session, options.output, *reply);
    if (code != exit_ok) return exit_plan_error;
    return changes_anything(*reply) ? exit_plan_changes : exit_ok;
  }
  if (reply->has_diff()) terminal.print(diff_text(terminal, reply->diff(), options.verbose));
  terminal.print(terminal.paint(Color::bold, "Scheduler dry-run:"));
  if (reply->failed_tg_allocs().empty()) {
    terminal.print(terminal.paint(Color::green, "- All tasks successfully allocated."));
  } else {
    terminal.print(terminal.paint(Color::yellow, "- WARNING: Failed to place all allocations."));
    terminal.print(placement_failures(terminal, reply->failed_tg_allocs()));
  }
  if (reply->annotations().preempted_allocs_size() > 0) {
    terminal.print("- Preemptions:\n" + allocation_table(session,
                                                         reply->annotations().preempted_allocs(),
                                                         options.verbose));
  }
  if (reply->next_periodic_launch() != 0) {
    terminal.print("- If submitted now, next periodic launch would be at " +
                   timestamp(reply->next_periodic_launch()));
  }
  if (!reply->warnings().empty()) {
    terminal.print(terminal.paint(Color::yellow, "\nJob Warnings:\n") + reply->warnings());
  }
  terminal.print(
      "\n" +
      terminal.paint(Color::bold,
                     "Job Modify Index: " + std::to_string(reply->job_modify_index())) +
      "\nTo submit the job with version verification run:\n\nyurt job run -check-index " +
      std::to_string(reply->job_modify_index()) + " " + options.file.path +
      "\n\nWhen running the job with the check-index flag, the job will only be run if "
      "the\njob modify index given matches the server-side version.");
  return changes_anything(*reply) ? exit_plan_changes : exit_ok;
}

}  // namespace

CLI::App* add_plan(CLI::App& parent, Session& session, const std::string& name) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command = add_command(parent, session, name, "Show what registering a job would change",
                                  [&session, options] { return plan_job(session, *options); });
  options->file.add_to(*command);
  command->add_flag("--diff,!--no-diff", options->diff, "Show the difference to the stored job");
  command->add_flag("--verbose", options->verbose, "Show what does not change, and whole IDs");
  command->add_option("-t,--template", options->output.format, "Print fields of the plan");
  command->footer("Exit codes: 0 nothing would change, 1 allocations would, 255 error.");
  return command;
}

}  // namespace yurt::cli
