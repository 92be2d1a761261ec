// job status: the list of jobs, or one job with its summary, allocations and what it waits for.
#include <algorithm>

#include "cli/job_commands.h"
#include "cli/pages.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

struct StatusOptions : PageOptions {
  std::string job;
  bool evals = false, all_allocs = false;
};

std::string shown_status(const std::string& status, bool stop) {
  return status == "dead" && stop ? "dead (stopped)" : status;
}

class JobPage {
 public:
  JobPage(Session& session, const StatusOptions& options) : session_(session), options_(options) {}

  int show() {
    const auto id = resolve_job(session_, options_.job);
    if (!id.ok()) return fail(session_, id.error());
    request_.set_job_id(*id);
    *request_.mutable_query() = query(session_);
    const auto job = session_.client().get<model::JobReadResponse>("ReadJob", request_);
    if (!job.ok()) return fail(session_, job.error());
    if (options_.output.wanted()) return print_field(session_, options_.output, *job, "job");
    head(job->job());
    for (const Status& part : {summary(), evaluations(), deployment(), allocations()}) {
      if (!part.ok()) return fail(session_, part.error());
    }
    return exit_ok;
  }

 private:
  void section(const std::string& title, const std::string& text) {
    session_.terminal.print("\n" + session_.terminal.paint(Color::bold, title) + "\n" + text);
  }

  void head(const model::Job& job) {
    std::string datacenters;
    for (const auto& name : job.datacenters()) {
      datacenters += (datacenters.empty() ? "" : ",") + name;
    }
    session_.terminal.print(key_values(
        session_.terminal,
        {{"ID", job.id()},
         {"Name", job.name()},
         {"Submit Date", timestamp(job.submit_time())},
         {"Type", job.type()},
         {"Priority", std::to_string(job.priority())},
         {"Datacenters", datacenters},
         {"Namespace", job.namespace_()},
         {"Node Pool", job.node_pool()},
         {"Status", status_text(session_.terminal, shown_status(job.status(), job.stop()))},
         {"Periodic", job.has_periodic() ? "true" : "false"},
         {"Parameterized", job.has_parameterized() ? "true" : "false"}}));
  }

  Status summary() {
    YURT_ASSIGN(const auto reply,
                session_.client().get<model::JobSummaryResponse>("ReadJobSummary", request_));
    std::vector<std::string> groups;
    for (const auto& [name, counts] : reply.summary().summary()) groups.push_back(name);
    std::sort(groups.begin(), groups.end());
    std::vector<Row> rows{
        {"Task Group", "Queued", "Starting", "Running", "Failed", "Complete", "Lost", "Unknown"}};
    for (const auto& name : groups) {
      const auto& counts = reply.summary().summary().at(name);
      Row row{name};
      for (int count : {counts.queued(), counts.starting(), counts.running(), counts.failed(),
                        counts.complete(), counts.lost(), counts.unknown()}) {
        row.push_back(std::to_string(count));
      }
      rows.push_back(std::move(row));
    }
    section("Summary", table(session_.terminal, rows));
    return {};
  }

  Status evaluations() {
    YURT_ASSIGN(auto reply, session_.client().get<model::EvaluationListResponse>(
                                "ListJobEvaluations", request_));
    std::vector<model::Evaluation> evals(reply.evaluations().begin(), reply.evaluations().end());
    std::sort(evals.begin(), evals.end(),
              [](const auto& a, const auto& b) { return a.create_index() > b.create_index(); });
    if (options_.evals || options_.verbose) {
      std::vector<Row> rows{{"ID", "Priority", "Triggered By", "Status", "Placement Failures"}};
      for (const auto& eval : evals) {
        const std::string failures = eval.status() == "blocked"        ? "N/A - In Progress"
                                     : eval.failed_tg_allocs().empty() ? "false"
                                                                       : "true";
        rows.push_back({short_id(eval.id(), options_.verbose), std::to_string(eval.priority()),
                        eval.triggered_by(), status_text(session_.terminal, eval.status()),
                        failures});
      }
      section("Evaluations", table(session_.terminal, rows));
    }
    const auto blocked = std::find_if(evals.begin(), evals.end(),
                                      [](const auto& eval) { return eval.status() == "blocked"; });
    if (blocked != evals.end() && !blocked->failed_tg_allocs().empty()) {
      section("Placement Failure",
              placement_failures(session_.terminal, blocked->failed_tg_allocs()));
    }
    return {};
  }

  Status deployment() {
    YURT_ASSIGN(const auto reply, session_.client().get<model::DeploymentReadResponse>(
                                      "ReadJobLatestDeployment", request_));
    if (!reply.has_deployment()) return {};
    section("Latest Deployment", deployment_text(session_, reply.deployment(), options_.verbose));
    return {};
  }

  Status allocations() {
    model::JobAllocationsRequest request;
    *request.mutable_query() = query(session_);
    request.set_job_id(request_.job_id());
    request.set_all(options_.all_allocs);
    YURT_ASSIGN(const auto reply, session_.client().get<model::AllocationListResponse>(
                                      "ListJobAllocations", request));
    section("Allocations", allocation_table(session_, reply.allocations(), options_.verbose));
    return {};
  }

  Session& session_;
  const StatusOptions& options_;
  model::JobReadRequest request_;
};

int run_status(Session& session, const StatusOptions& options) {
  return options.job.empty() ? list_jobs(session, options) : JobPage(session, options).show();
}

}  // namespace

int list_jobs(Session& session, const PageOptions& options) {
  model::JobListRequest request;
  *request.mutable_query() = query(session);
  const auto reply = session.client().get<model::JobListResponse>("ListJobs", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "jobs");
  if (reply->jobs().empty()) {
    session.terminal.print("No running jobs");
    return exit_ok;
  }
  std::vector<Row> rows{{"ID", "Type", "Priority", "Status", "Submit Date"}};
  for (const auto& job : reply->jobs()) {
    std::string type = job.type();
    if (job.periodic()) type += "/periodic";
    if (job.parameterized_job()) type += "/parameterized";
    rows.push_back({job.id(), type, std::to_string(job.priority()),
                    status_text(session.terminal, shown_status(job.status(), job.stop())),
                    timestamp(job.submit_time())});
  }
  session.terminal.print(table(session.terminal, rows));
  return exit_ok;
}

int show_job(Session& session, const std::string& job, const PageOptions& options) {
  StatusOptions all;
  static_cast<PageOptions&>(all) = options;
  all.job = job;
  return JobPage(session, all).show();
}

void add_job_status(CLI::App& job, Session& session) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* command = add_command(job, session, "status", "List jobs, or show one",
                                  [&session, options] { return run_status(session, *options); });
  command->add_option("job", options->job, "Job ID or prefix");
  options->output.add_to(*command);
  command->add_flag("--verbose", options->verbose, "Show whole IDs and evaluations");
  command->add_flag("--evals", options->evals, "Show the job's evaluations");
  command->add_flag("--all-allocs", options->all_allocs,
                    "Show allocations of earlier jobs of this ID as well");
}

}  // namespace yurt::cli
