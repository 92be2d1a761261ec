// runs list, runs show, job advise: what has finished, and what it teaches.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/duration.h"
#include "cli/gpu_advice.h"
#include "cli/job_commands.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

struct RunsOptions {
  std::string job, status, since, sweep;
  int limit = 100;
  OutputOptions output;
};

// "7d" as well as what durations hold everywhere.
Result<std::int64_t> parse_age(const std::string& text) {
  if (text.ends_with('d')) {
    YURT_ASSIGN(const std::int64_t hours, parse_duration(text.substr(0, text.size() - 1) + "h"));
    return hours * 24;
  }
  return parse_duration(text);
}

Result<model::RunListResponse> read_runs(Session& session, const RunsOptions& options) {
  model::RunListRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_per_page(options.limit);
  request.set_job(options.job);
  request.set_status(options.status);
  request.set_sweep(options.sweep);
  if (!options.since.empty()) {
    YURT_ASSIGN(const std::int64_t age, parse_age(options.since));
    request.set_since(session.clock.wall_ns() - age);
  }
  return session.client().get<model::RunListResponse>("ListRuns", request);
}

std::string took(const model::RunRecord& run) {
  if (run.started_at() == 0) return "";
  const std::int64_t ns = run.finished_at() - run.started_at();
  return format_duration(ns / nanoseconds_per_millisecond * nanoseconds_per_millisecond);
}

std::string metric_list(const model::RunRecord& run) {
  std::map<std::string, double> sorted(run.metrics().begin(), run.metrics().end());
  std::string out;
  for (const auto& [name, value] : sorted) {
    char text[64];
    std::snprintf(text, sizeof text, "%.4g", value);
    out += (out.empty() ? "" : " ") + name + "=" + text;
  }
  return out;
}

int list_runs(Session& session, const RunsOptions& options) {
  const auto reply = read_runs(session, options);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_message(session, options.output, *reply);
  std::vector<Row> rows{{"Job", "Status", "Finished", "Took", "Metrics"}};
  for (const auto& run : reply->runs()) {
    rows.push_back({run.job_id(), status_text(session.terminal, run.status()),
                    timestamp(run.finished_at()), took(run), metric_list(run)});
  }
  session.terminal.print(rows.size() == 1 ? "No finished runs" : table(session.terminal, rows));
  return exit_ok;
}

int show_run(Session& session, const std::string& job, const OutputOptions& output) {
  model::RunReadRequest request;
  *request.mutable_query() = query(session);
  request.set_job_id(job);
  const auto reply = session.client().get<model::RunReadResponse>("ReadRun", request);
  if (!reply.ok()) return fail(session, reply.error());
  const model::RunRecord& run = reply->run();
  if (output.wanted()) return print_message(session, output, run);
  session.terminal.print(
      key_values(session.terminal, {{"Job", run.job_id()},
                                    {"Status", status_text(session.terminal, run.status())},
                                    {"Submitted", timestamp(run.submitted_at())},
                                    {"Submitted by", run.submitted_by()},
                                    {"Started", timestamp(run.started_at())},
                                    {"Finished", timestamp(run.finished_at())},
                                    {"Took", took(run)},
                                    {"Metrics", metric_list(run)}}));
  std::map<std::string, std::string> meta(run.meta().begin(), run.meta().end());
  if (!meta.empty()) session.terminal.print("\nParameters");
  for (const auto& [name, value] : meta) session.terminal.print("  " + name + " = " + value);
  std::vector<Row> rows{
      {"Task", "Exit", "Signal", "OOM", "Restarts", "Memory", "Peak memory", "Allocation", "Node"}};
  for (const auto& task : run.tasks()) {
    rows.push_back({task.group() + "/" + task.task(), std::to_string(task.exit_code()),
                    std::to_string(task.signal()), task.oom_killed() ? "yes" : "no",
                    std::to_string(task.restarts()),
                    std::to_string(task.asked_memory_mb()) + " MiB",
                    std::to_string(task.peak_memory() >> 20) + " MiB", short_id(task.alloc_id()),
                    short_id(task.node_id())});
  }
  session.terminal.print("\n" + table(session.terminal, rows));
  return exit_ok;
}

// --- job advise

struct Usage {
  std::vector<double> memory_mb, cpu_mhz_share;
  std::int64_t asked_memory_mb = 0, asked_cpu = 0;
};

double quantile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5);
  return values[at];
}

// What leaves a fifth of room above the largest use seen, in steps of 16 MB.
std::int64_t advised_memory(double most_mb) {
  return static_cast<std::int64_t>(std::ceil(std::max(most_mb * 1.2, 16.0) / 16.0)) * 16;
}

// From the allocations that are still known, of services too. "" where no GPU was measured.
Result<std::string> advice_on_gpus(Session& session, const std::string& job) {
  model::AllocationListRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_filter("JobID == \"" + job + "\"");
  request.set_resources(true);
  request.set_task_states(true);
  YURT_ASSIGN(const auto reply,
              session.client().get<model::AllocationListResponse>("ListAllocations", request));
  std::map<std::string, model::Node> nodes;
  for (const auto& alloc : reply.allocations()) {
    bool measured = false;
    for (const auto& [name, state] : alloc.task_states()) {
      measured = measured || !state.workers().empty();
    }
    if (!measured || nodes.contains(alloc.node_id())) continue;
    model::NodeReadRequest one;
    *one.mutable_query() = query(session);
    one.set_node_id(alloc.node_id());
    // A node that is gone has no advice for anybody.
    const auto node = session.client().get<model::NodeReadResponse>("ReadNode", one);
    if (node.ok()) nodes[alloc.node_id()] = node->node();
  }
  return gpu_advice(session.terminal, reply.allocations(), nodes);
}

int advise(Session& session, const RunsOptions& options) {
  const auto gpus = advice_on_gpus(session, options.job);
  if (!gpus.ok()) return fail(session, gpus.error());
  if (!gpus->empty()) session.terminal.print(*gpus);
  const auto reply = read_runs(session, options);
  if (!reply.ok()) return fail(session, reply.error());
  std::map<std::string, Usage> tasks;
  for (const auto& run : reply->runs()) {
    for (const auto& task : run.tasks()) {
      if (task.peak_memory() == 0) continue;
      Usage& usage = tasks[task.group() + "/" + task.task()];
      usage.memory_mb.push_back(static_cast<double>(task.peak_memory()) / (1 << 20));
      if (task.run_time() > 0) {
        usage.cpu_mhz_share.push_back(static_cast<double>(task.cpu_time()) /
                                      static_cast<double>(task.run_time()));
      }
      usage.asked_memory_mb = task.asked_memory_mb();
      usage.asked_cpu = task.asked_cpu();
    }
  }
  if (tasks.empty()) {
    if (!gpus->empty()) return exit_ok;
    return fail(session, {ErrorCode::not_found,
                          "no finished run of \"" + options.job + "\" tells what it used"});
  }
  const auto text = [](double value) { return std::to_string(static_cast<long>(value + 0.5)); };
  std::vector<Row> rows{{"Task", "Runs", "Asked MB", "p50", "p95", "Max", "Suggest MB", "Frees MB",
                         "Cores used p50", "p95"}};
  for (const auto& [name, usage] : tasks) {
    const double most = quantile(usage.memory_mb, 1.0);
    const std::int64_t suggestion = advised_memory(most);
    char p50[16], p95[16];
    std::snprintf(p50, sizeof p50, "%.2f", quantile(usage.cpu_mhz_share, 0.5));
    std::snprintf(p95, sizeof p95, "%.2f", quantile(usage.cpu_mhz_share, 0.95));
    rows.push_back({name, std::to_string(usage.memory_mb.size()),
                    std::to_string(usage.asked_memory_mb), text(quantile(usage.memory_mb, 0.5)),
                    text(quantile(usage.memory_mb, 0.95)), text(most), std::to_string(suggestion),
                    std::to_string(usage.asked_memory_mb - suggestion), p50, p95});
  }
  session.terminal.print(table(session.terminal, rows));
  return exit_ok;
}

}  // namespace

void add_run_commands(CLI::App& root, Session& session) {
  CLI::App* runs = add_group(root, "runs", "Finished runs of batch jobs");
  auto options = std::make_shared<RunsOptions>();
  CLI::App* list = add_command(*runs, session, "list", "List finished runs, the newest first",
                               [&session, options] { return list_runs(session, *options); });
  list->add_option("--job", options->job, "Only of this job, or of its children");
  list->add_option("--status", options->status, "Only these: complete, failed, stopped");
  list->add_option("--since", options->since, "Only those that ended in this time, e.g. 7d or 90m");
  list->add_option("--sweep", options->sweep, "Only trials of this sweep");
  list->add_option("--limit", options->limit, "At most so many (100)");
  options->output.add_to(*list);

  auto shown = std::make_shared<RunsOptions>();
  CLI::App* show = add_command(*runs, session, "show", "Show a finished run", [&session, shown] {
    return show_run(session, shown->job, shown->output);
  });
  show->add_option("job", shown->job, "ID of the job or child")->required();
  shown->output.add_to(*show);
}

void add_job_advise(CLI::App& job, Session& session) {
  auto options = std::make_shared<RunsOptions>();
  options->limit = 1000;
  CLI::App* command =
      add_command(job, session, "advise", "Compare what a job's runs asked for and used",
                  [&session, options] { return advise(session, *options); });
  command->add_option("job", options->job, "Job ID")->required();
  command->add_option("--since", options->since, "Only runs that ended in this time, e.g. 7d");
}

}  // namespace yurt::cli
