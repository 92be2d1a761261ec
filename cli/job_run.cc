// job run, job validate, job inspect, job fmt: from a file to the cluster.
#include <sys/stat.h>

#include "base/file.h"
#include "cli/job_folder.h"
#include "cli/job_register.h"
#include "cli/named_commands.h"
#include "cli/show.h"
#include "jobspec/defaults/defaults.h"
#include "jobspec/hcl/format.h"
#include "jobspec/validate/validate.h"

namespace yurt::cli {
namespace {

int run_job(Session& session, const RunOptions& options) {
  return is_folder(options.file.path) ? register_folder(session, options)
                                      : register_file(session, options);
}

int validate_job(Session& session, const JobFileOptions& options) {
  auto file = load_job_file(session, options);
  if (!file) return exit_failure;
  fill_place(session, file->job);
  jobspec::apply_defaults(file->job);
  const auto issues = jobspec::validate(file->job);
  if (file->from_hcl) {
    const std::string text = hcl::render(jobspec::to_diagnostics(issues, file->job, file->places),
                                         session.terminal.color());
    if (!text.empty()) session.terminal.print_error(text);
  } else if (!issues.list().empty()) {
    session.terminal.print_error(jobspec::errors_text(issues, file->job) +
                                 jobspec::warnings_text(issues, file->job));
  }
  if (issues.has_errors()) {
    session.terminal.print("Job validation failed");
    return exit_failure;
  }
  session.terminal.print("Job validation successful");
  return exit_ok;
}

struct FormatOptions {
  std::vector<std::string> paths;
  bool check = false;
};

int format_files(Session& session, const FormatOptions& options) {
  int code = exit_ok;
  for (const std::string& path : options.paths) {
    const auto text = read_file(path);
    if (!text.ok()) return fail(session, text.error());
    hcl::Diagnostics problems;
    const auto formatted =
        hcl::format_source(std::make_shared<const hcl::Source>(path, *text), problems);
    if (problems.has_errors()) {
      session.terminal.print_error(hcl::render(problems, session.terminal.color()));
      code = exit_failure;
      continue;
    }
    if (formatted == *text) continue;
    session.terminal.print(path);
    if (options.check) {
      code = exit_failure;
      continue;
    }
    struct stat info {};
    const unsigned mode = ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777U : 0644U;
    const Status written = write_file_atomically(path, formatted, mode);
    if (!written.ok()) return fail(session, written.error());
  }
  return code;
}

}  // namespace

CLI::App* add_run(CLI::App& parent, Session& session, const std::string& name) {
  auto run = std::make_shared<RunOptions>();
  CLI::App* command = add_command(parent, session, name, "Register a job and follow its placement",
                                  [&session, run] { return run_job(session, *run); });
  run->file.add_to(*command);
  command->add_flag("--detach", run->detach, "Print the evaluation's ID and return at once");
  command->add_flag("--output", run->output, "Print the API's JSON and submit nothing");
  command->add_flag("--verbose", run->verbose, "Print whole IDs");
  command->add_option("--check-index", run->check_index,
                      "Register only if the job's modify index is this; 0: only if it is new");
  command->add_flag("--preserve-counts", run->preserve_counts,
                    "Keep the counts of groups that run already");
  command->add_flag("--preserve-resources", run->preserve_resources,
                    "Keep the resources of tasks that run already");
  command->add_option("--eval-priority", run->eval_priority, "Priority of the evaluation");
  command->add_flag("--wait", run->wait, "Follow batch jobs to their end");
  run->await.add_to(*command);
  command->footer(
      "A folder is registered as one: all of its job files (*.hcl, *.nomad, *.json) or none.\n"
      "Exit codes: 0 placed (and healthy, where the job says how it is updated), "
      "2 something could not be placed, 1 failure.\n" +
      std::string(await_exit_codes));
  return command;
}

CLI::App* add_validate(CLI::App& parent, Session& session, const std::string& name) {
  auto check = std::make_shared<JobFileOptions>();
  CLI::App* command = add_command(parent, session, name, "Check a job file without a server",
                                  [&session, check] { return validate_job(session, *check); });
  check->add_to(*command);
  return command;
}

CLI::App* add_format(CLI::App& parent, Session& session, const std::string& name) {
  auto format = std::make_shared<FormatOptions>();
  CLI::App* command = add_command(parent, session, name, "Rewrite job files in the canonical form",
                                  [&session, format] { return format_files(session, *format); });
  command->add_option("files", format->paths, "Files to format")->required();
  command->add_flag("--check", format->check, "Change nothing; exit 1 if something would change");
  return command;
}

}  // namespace yurt::cli
