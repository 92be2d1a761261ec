#include "cli/job_register.h"

#include <map>

#include "cli/job_folder.h"
#include "cli/monitor.h"
#include "cli/output.h"
#include "cli/show.h"
#include "jobspec/defaults/defaults.h"
#include "jobspec/validate/validate.h"

namespace yurt::cli {
namespace {

bool ends_by_itself(const model::Job& job) {
  return (job.type() == "batch" || job.type() == "sysbatch") && !job.has_periodic() &&
         !job.has_parameterized();
}

// What -wait can't follow is refused before anything is registered.
Status check_awaitable(const RunOptions& options, const model::Job& job) {
  if (!options.wait || ends_by_itself(job)) return {};
  return Error{ErrorCode::invalid_argument,
               "job \"" + job.id() + "\" does not end by itself: -wait is for batch jobs"};
}

model::JobRegisterRequest request_of(Session& session, const RunOptions& options,
                                     const JobFile& file) {
  model::JobRegisterRequest request;
  *request.mutable_write() = write(session);
  *request.mutable_job() = file.job;
  *request.mutable_submission() = file.submission;
  request.set_preserve_counts(options.preserve_counts);
  request.set_preserve_resources(options.preserve_resources);
  request.set_eval_priority(options.eval_priority);
  if (options.check_index) {
    request.set_enforce_index(true);
    request.set_job_modify_index(*options.check_index);
  }
  return request;
}

// The server says what is wrong; here it is known where in the file. False when it is not.
bool show_places(Session& session, const JobFile& file) {
  model::Job job = file.job;
  jobspec::apply_defaults(job);
  const auto issues = jobspec::validate(job);
  if (!file.from_hcl || !issues.has_errors()) return false;
  session.terminal.print_error(
      hcl::render(jobspec::to_diagnostics(issues, job, file.places), session.terminal.color()));
  return true;
}

void show_warnings(Session& session, const std::string& warnings, const std::string& job) {
  if (warnings.empty()) return;
  const std::string title = job.empty() ? "Job Warnings:\n" : "Job \"" + job + "\" Warnings:\n";
  session.terminal.print_error(session.terminal.paint(Color::yellow, title) + warnings);
}

// What a job that has no evaluation waits for; "" when it waits for nothing.
std::string waits_for(Session& session, const std::string& job) {
  model::JobReadRequest request;
  *request.mutable_query() = query(session);
  request.set_job_id(job);
  const auto reply = session.client().get<model::JobExplanation>("ExplainJob", request);
  return reply.ok() && !reply->reasons().empty() ? reply->reasons(0) : "";
}

}  // namespace

void fill_place(const Session& session, model::Job& job) {
  if (!job.has_namespace_()) job.set_namespace_(session.ns);
  if (!job.has_region() && !session.region.empty()) job.set_region(session.region);
}

int register_file(Session& session, const RunOptions& options) {
  auto file = load_job_file(session, options.file);
  if (!file) return exit_failure;
  fill_place(session, file->job);
  if (options.output) return print_document(session, {}, job_document(file->job));
  model::Job whole = file->job;
  jobspec::apply_defaults(whole);
  if (const Status status = check_awaitable(options, whole); !status.ok()) {
    return fail(session, status.error());
  }
  const auto reply = session.client().get<model::JobRegisterResponse>(
      "RegisterJob", request_of(session, options, *file));
  if (!reply.ok()) {
    return show_places(session, *file) ? exit_failure : fail(session, reply.error());
  }
  show_warnings(session, reply->warnings(), "");
  if (reply->eval_id().empty()) {
    session.terminal.print("Job registration successful");
    const std::string waits =
        ends_by_itself(whole) ? waits_for(session, whole.id()) : std::string();
    if (!waits.empty()) session.terminal.print("Job \"" + whole.id() + "\": " + waits);
  } else if (options.detach || options.wait) {
    session.terminal.print("Job registration successful\nEvaluation ID: " + reply->eval_id());
  } else {
    return monitor_evaluation(session, reply->eval_id(), {.verbose = options.verbose});
  }
  return options.wait ? await_job(session, whole.id(), options.await) : exit_ok;
}

int register_folder(Session& session, const RunOptions& options) {
  if (options.check_index) {
    return fail(session, {ErrorCode::invalid_argument,
                          "-check-index is for one job file, not for a folder of them"});
  }
  auto files = load_job_folder(session, options.file);
  if (!files) return exit_failure;
  std::map<std::string, std::string> path_of_job;
  model::JobsRegisterRequest request;
  *request.mutable_write() = write(session);
  for (FolderFile& one : *files) {
    fill_place(session, one.file.job);
    if (options.output) {
      if (const int code = print_document(session, {}, job_document(one.file.job))) return code;
      continue;
    }
    model::Job whole = one.file.job;
    jobspec::apply_defaults(whole);
    if (const Status status = check_awaitable(options, whole); !status.ok()) {
      return fail(session, status.error().within(one.path));
    }
    const auto [other, is_new] = path_of_job.try_emplace(whole.id(), one.path);
    if (!is_new) {
      return fail(session, {ErrorCode::invalid_argument, "job \"" + whole.id() + "\" is in both " +
                                                             other->second + " and " + one.path});
    }
    *request.add_jobs() = request_of(session, options, one.file);
  }
  if (options.output) return exit_ok;
  const auto reply = session.client().get<model::JobsRegisterResponse>("RegisterJobs", request);
  if (!reply.ok()) {
    bool shown = false;
    for (const FolderFile& one : *files) shown |= show_places(session, one.file);
    return shown ? exit_failure : fail(session, reply.error());
  }
  std::vector<Row> rows{{"Job", "File", "State"}};
  for (int i = 0; i < reply->jobs_size(); ++i) {
    const model::Job& job = request.jobs(i).job();
    show_warnings(session, reply->jobs(i).warnings(), job.id());
    std::string state = "to be placed";
    if (reply->jobs(i).eval_id().empty()) {
      state = waits_for(session, job.id());
      if (state.empty()) state = "registered";
    }
    rows.push_back({job.id(), path_of_job[job.id()], state});
  }
  session.terminal.print(std::to_string(reply->jobs_size()) + " jobs registered as one\n\n" +
                         table(session.terminal, rows));
  int code = exit_ok;
  if (options.wait) {
    for (const auto& one : request.jobs()) {
      const int ended = await_job(session, one.job().id(), options.await);
      if (code == exit_ok) code = ended;
    }
    return code;
  }
  for (const auto& one : reply->jobs()) {
    if (options.detach || one.eval_id().empty()) continue;
    const int placed = monitor_evaluation(session, one.eval_id(), {.verbose = options.verbose});
    if (code == exit_ok) code = placed;
  }
  return code;
}

}  // namespace yurt::cli
