// job history, inspect, allocs, deployments: what is stored of a job.
#include "cli/diff_text.h"
#include "cli/job_commands.h"
#include "cli/named_commands.h"
#include "cli/output.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

struct LookOptions {
  std::string job;
  OutputOptions output;
  bool verbose = false, diff = false, full = false, all = false, latest = false;
  std::optional<std::uint64_t> version, diff_version;
  std::string diff_tag;

  [[nodiscard]] bool diffs() const { return diff || diff_version || !diff_tag.empty(); }
  // Whether a version is the one that all are compared with.
  [[nodiscard]] bool is_base(const model::Job& job) const {
    return diff_tag.empty() ? diff_version == job.version() : job.version_tag().name() == diff_tag;
  }
};

Result<model::JobVersionsResponse> versions_of(Session& session, const LookOptions& options) {
  YURT_ASSIGN(const std::string id, resolve_job(session, options.job));
  model::JobVersionsRequest request;
  *request.mutable_query() = query(session);
  request.set_job_id(id);
  request.set_diffs(options.diffs());
  request.set_diff_tag(options.diff_tag);
  if (options.diff_version) request.set_diff_version(*options.diff_version);
  return session.client().get<model::JobVersionsResponse>("ListJobVersions", request);
}

void show_version(Session& session, const LookOptions& options, const model::Job& job,
                  const model::JobDiff* changes) {
  const Terminal& terminal = session.terminal;
  std::vector<std::pair<std::string, std::string>> lines{
      {"Version", std::to_string(job.version())},
      {"Stable", job.stable() ? "true" : "false"},
      {"Submit Date", timestamp(job.submit_time())}};
  if (job.has_version_tag()) {
    lines.emplace_back("Tag Name", job.version_tag().name());
    if (!job.version_tag().description().empty()) {
      lines.emplace_back("Tag Description", job.version_tag().description());
    }
  }
  terminal.print(key_values(terminal, lines));
  if (changes != nullptr) {
    terminal.print("Diff    =\n" + diff_text(terminal, *changes, options.verbose));
  }
  if (options.full) static_cast<void>(print_document(session, {}, job_document(job)));
  terminal.print("");
}

int show_history(Session& session, const LookOptions& options) {
  const auto reply = versions_of(session, options);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "versions");
  bool found = false;
  int diff = 0;  // the base has none
  for (const auto& job : reply->versions()) {
    const bool has_diff = options.diffs() && !options.is_base(job) && diff < reply->diffs_size();
    const model::JobDiff* changes = has_diff ? &reply->diffs(diff++) : nullptr;
    if (options.version && job.version() != *options.version) continue;
    found = true;
    show_version(session, options, job, changes);
  }
  if (found) return exit_ok;
  return fail(session, {ErrorCode::not_found,
                        "the job keeps no version " + std::to_string(options.version.value_or(0))});
}

int inspect_job(Session& session, const LookOptions& options) {
  const auto reply = versions_of(session, options);
  if (!reply.ok()) return fail(session, reply.error());
  for (const auto& job : reply->versions()) {
    if (options.version && job.version() != *options.version) continue;
    if (!options.output.format.empty()) return print_message(session, options.output, job);
    return print_document(session, options.output, job_document(job));
  }
  return fail(session, {ErrorCode::not_found, "the job has no such version"});
}

int list_allocations(Session& session, const LookOptions& options) {
  const auto id = resolve_job(session, options.job);
  if (!id.ok()) return fail(session, id.error());
  model::JobAllocationsRequest request;
  *request.mutable_query() = query(session);
  request.set_job_id(*id);
  request.set_all(options.all);
  const auto reply =
      session.client().get<model::AllocationListResponse>("ListJobAllocations", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "allocations");
  session.terminal.print(allocation_table(session, reply->allocations(), options.verbose));
  return exit_ok;
}

int show_latest_deployment(Session& session, const std::string& job, const LookOptions& options) {
  model::JobReadRequest request;
  *request.mutable_query() = query(session);
  request.set_job_id(job);
  const auto reply =
      session.client().get<model::DeploymentReadResponse>("ReadJobLatestDeployment", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "deployment");
  session.terminal.print(reply->deployment().id().empty()
                             ? "No deployments found"
                             : deployment_text(session, reply->deployment(), options.verbose));
  return exit_ok;
}

int list_deployments_of(Session& session, const LookOptions& options) {
  const auto id = resolve_job(session, options.job);
  if (!id.ok()) return fail(session, id.error());
  model::JobAllocationsRequest request;
  *request.mutable_query() = query(session);
  request.set_job_id(*id);
  request.set_all(options.all);
  if (options.latest) return show_latest_deployment(session, *id, options);
  const auto reply =
      session.client().get<model::DeploymentListResponse>("ListJobDeployments", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "deployments");
  session.terminal.print(deployment_table(session, reply->deployments(), options.verbose));
  return exit_ok;
}

std::pair<CLI::App*, std::shared_ptr<LookOptions>> add_look(
    CLI::App& parent, Session& session, const std::string& name, const char* description,
    int (*run)(Session&, const LookOptions&)) {
  auto options = std::make_shared<LookOptions>();
  CLI::App* command = add_command(parent, session, name, description,
                                  [&session, options, run] { return run(session, *options); });
  command->add_option("job", options->job, "Job ID or prefix")->required();
  options->output.add_to(*command);
  command->add_flag("--verbose", options->verbose, "Print whole IDs");
  return {command, options};
}

}  // namespace

CLI::App* add_inspect(CLI::App& parent, Session& session, const std::string& name) {
  auto [inspect, options] =
      add_look(parent, session, name, "Print a job as it is stored, as JSON", inspect_job);
  inspect->add_option("--version", options->version, "This version rather than the newest");
  return inspect;
}

void add_job_history(CLI::App& job, Session& session) {
  auto [history, history_options] =
      add_look(job, session, "history", "Show the versions of a job", show_history);
  history->add_flag("-p,--diff", history_options->diff, "Show what each version changed");
  history->add_flag("--full", history_options->full, "Show each version whole, as JSON");
  history->add_option("--version", history_options->version, "Only this version");
  history->add_option("--diff-version", history_options->diff_version,
                      "Compare with this version rather than each with the one before it");
  history->add_option("--diff-tag", history_options->diff_tag,
                      "Compare with the version of this tag");
  auto [allocs, allocs_options] =
      add_look(job, session, "allocs", "List the allocations of a job", list_allocations);
  allocs->add_flag("--all", allocs_options->all, "Also those of earlier jobs of this ID");
}

void add_job_deployments(CLI::App& job, Session& session) {
  auto [deployments, options] =
      add_look(job, session, "deployments", "List the deployments of a job", list_deployments_of);
  deployments->add_flag("--latest", options->latest, "Only the newest, whole");
  deployments->add_flag("--all", options->all, "Also those of earlier jobs of this ID");
}

void add_job_commands(CLI::App& root, Session& session) {
  CLI::App* job = add_group(root, "job", "Run, watch and change jobs");
  add_run(*job, session, "run");
  add_plan(*job, session, "plan");
  add_validate(*job, session, "validate");
  add_format(*job, session, "fmt");
  add_job_status(*job, session);
  add_inspect(*job, session, "inspect");
  add_stop(*job, session, "stop");
  add_job_changes(*job, session);
  add_job_promote(*job, session);
  add_job_history(*job, session);
  add_job_tag(*job, session);
  add_job_dispatch(*job, session);
  add_job_advise(*job, session);
  add_job_deployments(*job, session);
}

}  // namespace yurt::cli
