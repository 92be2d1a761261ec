#include "cli/sweep_commands.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

Result<model::SweepRecord> read_sweep(Session& session, const std::string& id,
                                      std::uint64_t index = 0) {
  model::SweepReadRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_index(index);
  request.mutable_query()->set_wait(10 * nanoseconds_per_second);
  request.set_sweep_id(id);
  YURT_ASSIGN(auto reply, session.client().get<model::SweepReadResponse>("ReadSweep", request));
  return std::move(*reply.mutable_sweep());
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string progress_line(const Terminal& terminal, const model::SweepRecord& sweep) {
  const int done = static_cast<int>(sweep.complete() + sweep.failed());
  return progress_bar(done, static_cast<int>(sweep.total()), 30) + " " + std::to_string(done) +
         "/" + std::to_string(sweep.total()) + " trials, " + std::to_string(sweep.failed()) +
         " failed, " + status_text(terminal, sweep.status());
}

void print_sweep(Session& session, const model::SweepRecord& sweep) {
  session.terminal.print(key_values(
      session.terminal,
      {{"ID", sweep.id()},
       {"Job", sweep.job_id() + " (version " + std::to_string(sweep.job_version()) + ")"},
       {"Status", status_text(session.terminal, sweep.status())},
       {"Description", sweep.status_description()},
       {"Started", timestamp(sweep.submit_time())},
       {"Trials", std::to_string(sweep.total())},
       {"Launched", std::to_string(sweep.launched())},
       {"Complete", std::to_string(sweep.complete())},
       {"Failed", std::to_string(sweep.failed())}}));
}

struct SweepOptions {
  std::string sweep, sort;
  std::size_t best = 0;
  bool csv = false, ascending = false;
  OutputOptions output;
};

int show_status(Session& session, const SweepOptions& options) {
  if (options.sweep.empty()) {
    model::SweepListRequest request;
    *request.mutable_query() = query(session);
    const auto reply = session.client().get<model::SweepListResponse>("ListSweeps", request);
    if (!reply.ok()) return fail(session, reply.error());
    if (options.output.wanted()) return print_message(session, options.output, *reply);
    std::vector<Row> rows{{"ID", "Job", "Status", "Trials", "Complete", "Failed", "Started"}};
    for (const auto& sweep : reply->sweeps()) {
      rows.push_back({sweep.id(), sweep.job_id(), status_text(session.terminal, sweep.status()),
                      std::to_string(sweep.total()), std::to_string(sweep.complete()),
                      std::to_string(sweep.failed()), time_ago(session, sweep.submit_time())});
    }
    session.terminal.print(rows.size() == 1 ? "No sweeps" : table(session.terminal, rows));
    return exit_ok;
  }
  const auto id = resolve_sweep(session, options.sweep);
  if (!id.ok()) return fail(session, id.error());
  const auto sweep = read_sweep(session, *id);
  if (!sweep.ok()) return fail(session, sweep.error());
  if (options.output.wanted()) return print_message(session, options.output, *sweep);
  print_sweep(session, *sweep);
  session.terminal.print("\n" + progress_line(session.terminal, *sweep));
  return exit_ok;
}

std::string quoted_csv(const std::string& cell) {
  if (cell.find_first_of(",\"\n") == std::string::npos) return cell;
  std::string out = "\"";
  for (const char c : cell) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

// Parameters, status and metrics as columns; sorted by a metric, the best first.
class Results {
 public:
  Results(model::SweepTrialsResponse trials, const SweepOptions& options)
      : trials_(std::move(trials)), options_(options) {
    for (const auto& trial : trials_.trials()) {
      for (const auto& [name, value] : trial.parameters()) parameters_.insert(name);
      for (const auto& [name, value] : trial.trial().metrics()) metrics_.insert(name);
      order_.push_back(&trial);
    }
    std::stable_sort(order_.begin(), order_.end(), [&](const auto* a, const auto* b) {
      return options_.sort.empty() ? a->trial().trial() < b->trial().trial() : better(*a, *b);
    });
    if (options_.best > 0 && order_.size() > options_.best) order_.resize(options_.best);
  }

  [[nodiscard]] bool knows(const std::string& metric) const { return metrics_.contains(metric); }
  [[nodiscard]] const std::set<std::string>& metrics() const { return metrics_; }

  [[nodiscard]] std::vector<Row> rows(const Terminal* terminal) const {
    Row header{"Trial"};
    header.insert(header.end(), parameters_.begin(), parameters_.end());
    header.emplace_back("Status");
    header.insert(header.end(), metrics_.begin(), metrics_.end());
    std::vector<Row> out{header};
    for (const auto* trial : order_) {
      Row row{std::to_string(trial->trial().trial())};
      for (const std::string& name : parameters_) {
        const auto found = trial->parameters().find(name);
        row.push_back(found == trial->parameters().end() ? "" : found->second);
      }
      const std::string& status = trial->trial().status();
      row.push_back(terminal == nullptr ? status : status_text(*terminal, status));
      for (const std::string& name : metrics_) {
        const auto found = trial->trial().metrics().find(name);
        row.push_back(found == trial->trial().metrics().end() ? "" : number(found->second));
      }
      out.push_back(std::move(row));
    }
    return out;
  }

  // The trials in their order, as a message to print as JSON.
  [[nodiscard]] model::SweepTrialsResponse message() const {
    model::SweepTrialsResponse out;
    for (const auto* trial : order_) *out.add_trials() = *trial;
    return out;
  }

 private:
  [[nodiscard]] bool better(const model::SweepTrialResult& a,
                            const model::SweepTrialResult& b) const {
    const auto value = [&](const model::SweepTrialResult& trial) {
      const auto found = trial.trial().metrics().find(options_.sort);
      return found == trial.trial().metrics().end() ? std::nan("") : found->second;
    };
    const double left = value(a), right = value(b);
    if (std::isnan(left) || std::isnan(right)) return !std::isnan(left) && std::isnan(right);
    return options_.ascending ? left < right : left > right;
  }

  const model::SweepTrialsResponse trials_;
  const SweepOptions& options_;
  std::set<std::string> parameters_, metrics_;
  std::vector<const model::SweepTrialResult*> order_;
};

int show_results(Session& session, const SweepOptions& options) {
  const auto id = resolve_sweep(session, options.sweep);
  if (!id.ok()) return fail(session, id.error());
  auto trials = read_trials(session, *id);
  if (!trials.ok()) return fail(session, trials.error());
  const Results results(std::move(*trials), options);
  if (!options.sort.empty() && !results.knows(options.sort)) {
    std::string known;
    for (const std::string& name : results.metrics()) known += " " + name;
    return fail(session, {ErrorCode::invalid_argument,
                          "no trial has reported \"" + options.sort +
                              "\"; reported so far:" + (known.empty() ? " nothing" : known)});
  }
  if (options.output.wanted()) return print_message(session, options.output, results.message());
  if (!options.csv) {
    session.terminal.print(table(session.terminal, results.rows(&session.terminal)));
    return exit_ok;
  }
  for (const Row& row : results.rows(nullptr)) {
    std::string line;
    for (const std::string& cell : row) line += (line.empty() ? "" : ",") + quoted_csv(cell);
    session.terminal.print(line);
  }
  return exit_ok;
}

int set_status(Session& session, const std::string& prefix, const std::string& status) {
  const auto id = resolve_sweep(session, prefix);
  if (!id.ok()) return fail(session, id.error());
  model::SweepStatusRequest request;
  *request.mutable_write() = write(session);
  request.set_sweep_id(*id);
  request.set_status(status);
  const auto reply = session.client().get<model::WriteResponse>("SetSweepStatus", request);
  if (!reply.ok()) return fail(session, reply.error());
  session.terminal.print("Sweep " + *id + " is " + status);
  return exit_ok;
}

}  // namespace

Result<std::string> resolve_sweep(Session& session, const std::string& prefix) {
  model::SweepListRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_prefix(prefix);
  YURT_ASSIGN(const auto reply,
              session.client().get<model::SweepListResponse>("ListSweeps", request));
  if (reply.sweeps().empty()) {
    return Error{ErrorCode::not_found, "no sweep's ID begins with \"" + prefix + "\""};
  }
  if (reply.sweeps_size() > 1) {
    std::string found;
    for (const auto& sweep : reply.sweeps()) found += "\n  " + sweep.id();
    return Error{ErrorCode::invalid_argument, "several sweeps begin so:" + found};
  }
  return reply.sweeps(0).id();
}

Result<model::SweepTrialsResponse> read_trials(Session& session, const std::string& id) {
  model::SweepReadRequest request;
  *request.mutable_query() = query(session);
  request.set_sweep_id(id);
  return session.client().get<model::SweepTrialsResponse>("ListSweepTrials", request);
}

int await_sweep(Session& session, const std::string& sweep_id) {
  std::uint64_t index = 0;
  std::string shown;
  while (true) {
    const auto sweep = read_sweep(session, sweep_id, index);
    if (!sweep.ok()) return fail(session, sweep.error());
    index = sweep->modify_index();
    const std::string line = progress_line(session.terminal, *sweep);
    if (line != shown) {
      session.terminal.interactive() ? session.terminal.redraw({line})
                                     : session.terminal.print_error(line);
      shown = line;
    }
    const bool settled = sweep->complete() + sweep->failed() >= sweep->launched();
    if (sweep->status() != "running" && settled) {
      if (!sweep->status_description().empty()) {
        session.terminal.print_error(sweep->status_description());
      }
      return sweep->status() == "complete" ? exit_ok : exit_failure;
    }
  }
}

void add_sweep_commands(CLI::App& root, Session& session) {
  CLI::App* sweep = add_group(root, "sweep", "Sweeps: many trials of one job");
  auto options = std::make_shared<SweepOptions>();
  CLI::App* status = add_command(*sweep, session, "status", "List sweeps, or show one",
                                 [&session, options] { return show_status(session, *options); });
  status->add_option("sweep", options->sweep, "Sweep ID or prefix");
  options->output.add_to(*status);

  auto shown = std::make_shared<SweepOptions>();
  CLI::App* results =
      add_command(*sweep, session, "results", "Parameters, status and metrics of the trials",
                  [&session, shown] { return show_results(session, *shown); });
  results->add_option("sweep", shown->sweep, "Sweep ID or prefix")->required();
  results->add_option("--sort", shown->sort, "Metric to sort by, the greatest first");
  results->add_flag("--ascending", shown->ascending, "With -sort: the smallest first");
  results->add_option("--best", shown->best, "Only so many");
  results->add_flag("--csv", shown->csv, "As CSV");
  shown->output.add_to(*results);

  const auto add_change = [&](const std::string& name, const std::string& to,
                              const std::string& description) {
    auto word = std::make_shared<std::string>();
    CLI::App* command = add_command(*sweep, session, name, description, [&session, word, to] {
      return set_status(session, *word, to);
    });
    command->add_option("sweep", *word, "Sweep ID or prefix")->required();
  };
  add_change("stop", "stopped", "Stop a sweep and its running trials");
  add_change("resume", "running", "Go on with a sweep that was stopped or has failed");

  auto waited = std::make_shared<std::string>();
  CLI::App* wait =
      add_command(*sweep, session, "wait", "Follow a sweep to its end", [&session, waited] {
        const auto id = resolve_sweep(session, *waited);
        return id.ok() ? await_sweep(session, *id) : fail(session, id.error());
      });
  wait->add_option("sweep", *waited, "Sweep ID or prefix")->required();
  add_sweep_logs(*sweep, session);
}

}  // namespace yurt::cli
