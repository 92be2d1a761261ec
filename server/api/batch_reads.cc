// Reading sweeps, trials and finished runs, and why a job waits.
#include <algorithm>

#include "jobspec/sweep/sweep_trials.h"
#include "server/api/operations.h"
#include "server/api/request_options.h"
#include "server/api/views.h"
#include "server/state/child_job.h"

namespace yurt::server {
namespace {

constexpr int most_runs = 1000;

Status list_sweeps(Reading& reading, const model::SweepListRequest& request,
                   model::SweepListResponse& response) {
  std::vector<SweepRef> found;
  reading.snapshot.tables().sweeps.each([&](const JobKey& key, const SweepRef& sweep) {
    if (!in_namespace(reading, key.ns) || !key.id.starts_with(reading.query.prefix())) return true;
    if (request.job().empty() || sweep->record->job_id() == request.job()) found.push_back(sweep);
    return true;
  });
  std::sort(found.begin(), found.end(), [](const SweepRef& a, const SweepRef& b) {
    return a->record->create_index() > b->record->create_index();
  });
  for (const SweepRef& sweep : found) *response.add_sweeps() = sweep->whole();
  return {};
}

Status read_sweep(Reading& reading, const model::SweepReadRequest& request,
                  model::SweepReadResponse& response) {
  const auto* sweep = reading.snapshot.tables().sweeps.find(reading.job_key(request.sweep_id()));
  if (sweep == nullptr) return not_found("sweep");
  reading.index = (*sweep)->record->modify_index();
  *response.mutable_sweep() = (*sweep)->whole();
  return {};
}

Status list_trials(Reading& reading, const model::SweepReadRequest& request,
                   model::SweepTrialsResponse& response) {
  const JobKey key = reading.job_key(request.sweep_id());
  const auto* sweep = reading.snapshot.tables().sweeps.find(key);
  if (sweep == nullptr) return not_found("sweep");
  const std::uint64_t hash = job_hash(key);
  reading.snapshot.tables().trials.scan({hash, 0}, [&](const TrialKey& at, const TrialRef& trial) {
    if (at.sweep_hash != hash) return false;
    if (trial->sweep_id() != key.id || trial->namespace_() != key.ns) return true;
    auto* out = response.add_trials();
    *out->mutable_trial() = *trial;
    for (auto& [name, value] : jobspec::trial_parameters((*sweep)->plan->sweep(), trial->trial())) {
      (*out->mutable_parameters())[name] = value;
    }
    return true;
  });
  return {};
}

void list_runs(const Serving& serving, std::unique_ptr<model::RunListRequest> request,
               Done<model::RunListResponse> done) {
  model::RunListResponse response;
  const std::string ns = namespace_or_default(request->query().namespace_());
  const int limit = request->query().per_page() > 0
                        ? std::min<int>(request->query().per_page(), most_runs)
                        : most_runs;
  std::vector<model::RunRecord> found;
  serving.core.each_run(ns, request->job(), [&](const model::RunRecord& run) {
    if (!request->status().empty() && run.status() != request->status()) return true;
    if (!request->sweep().empty() && run.sweep_id() != request->sweep()) return true;
    if (run.finished_at() < request->since()) return true;
    found.push_back(run);
    // Runs of one job come newest first; those of several need all of them to be put in order.
    return request->job().empty() || found.size() < static_cast<std::size_t>(limit);
  });
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.finished_at() > b.finished_at(); });
  if (found.size() > static_cast<std::size_t>(limit)) found.resize(static_cast<std::size_t>(limit));
  for (auto& run : found) *response.add_runs() = std::move(run);
  done(std::move(response));
}

void read_run(const Serving& serving, std::unique_ptr<model::RunReadRequest> request,
              Done<model::RunReadResponse> done) {
  const std::string& id = request->job_id();
  const std::string ns = namespace_or_default(request->query().namespace_());
  std::optional<model::RunRecord> found;
  const auto look = [&](const std::string& job) {
    serving.core.each_run(ns, job, [&](const model::RunRecord& run) {
      if (run.job_id() == id) found = run;
      return !found;
    });
  };
  look(id);
  // A child lies with its parent's runs; a job's name may hold slashes of its own.
  for (std::size_t at = id.rfind('/'); !found && at != std::string::npos && at > 0;
       at = id.rfind('/', at - 1)) {
    look(id.substr(0, at));
  }
  if (!found) return done(not_found("run"));
  model::RunReadResponse response;
  *response.mutable_run() = std::move(*found);
  done(std::move(response));
}

// --- Why a job waits

void explain_lane(const Reading& reading, const JobKey& parent_key, const WaitingRow& row,
                  model::JobExplanation& out) {
  const Tables& tables = reading.snapshot.tables();
  const std::uint64_t hash = job_hash(parent_key);
  std::uint32_t ahead = 0, length = 0;
  bool seen = false;
  tables.lanes.scan({hash, std::numeric_limits<std::int32_t>::min(), 0},
                    [&](const LaneKey& key, const WaitingRef& other) {
                      if (key.parent_hash != hash) return false;
                      std::uint32_t weight = 1;
                      if (other->sweep) {
                        const auto* sweep = tables.sweeps.find({parent_key.ns, other->id});
                        if (sweep != nullptr) {
                          weight = (*sweep)->record->total() - (*sweep)->record->launched();
                        }
                      }
                      length += weight;
                      seen |= other.get() == &row;
                      if (!seen) ahead += weight;
                      return true;
                    });
  out.set_queue_position(ahead + 1);
  out.set_queue_length(length);
  const auto parent = reading.snapshot.job_record(parent_key);
  if (!parent) return;
  out.set_lane_max(static_cast<std::uint32_t>(parent->job->parameterized().max_running()));
  out.set_lane_running(
      static_cast<std::uint32_t>(parent->children.pending + parent->children.running));
  out.add_reasons("it waits in the lane of \"" + parent_key.id +
                  "\": " + std::to_string(out.lane_running()) + " of at most " +
                  std::to_string(out.lane_max()) + " children run, and " + std::to_string(ahead) +
                  " are to start before it");
}

void explain_evals(const Reading& reading, const JobKey& key, model::JobExplanation& out) {
  for (const EvalRef& eval : reading.snapshot.evals_of_job(key)) {
    if (eval->status() != "blocked" && eval->status() != "pending") continue;
    if (eval->status() == "pending" && eval->wait_until() != 0) {
      out.add_reasons("its next attempt waits for the reschedule policy's delay");
    } else if (eval->status() == "pending") {
      out.add_reasons("the scheduler has not looked at it yet");
    }
    for (const auto& [group, metric] : eval->failed_tg_allocs()) {
      (*out.mutable_failed_groups())[group] = metric;
    }
  }
  if (out.failed_groups().empty()) {
    for (const EvalRef& eval : reading.snapshot.evals_of_job(key)) {
      for (const auto& [group, metric] : eval->failed_tg_allocs()) {
        (*out.mutable_failed_groups())[group] = metric;
      }
    }
  }
  for (const auto& [group, metric] : out.failed_groups()) {
    std::string reason = "group \"" + group + "\" finds no node: ";
    reason += std::to_string(metric.nodes_evaluated()) + " nodes looked at";
    for (const auto& [constraint, nodes] : metric.constraint_filtered()) {
      reason += ", " + std::to_string(nodes) + " lack \"" + constraint + "\"";
    }
    for (const auto& [dimension, nodes] : metric.dimension_exhausted()) {
      reason += ", " + std::to_string(nodes) + " have no " + dimension + " left";
    }
    out.add_reasons(reason);
  }
}

// Kills for want of memory: those that were answered with more, and the one that ended the job.
void explain_memory(const Reading& reading, const JobKey& key, model::JobExplanation& out) {
  for (const AllocRef& alloc : reading.snapshot.allocs_of_job(key)) {
    if (!alloc->more().next.is_nil()) {
      const std::string& why = alloc->more().desired_description;
      if (why.starts_with("out of memory")) out.add_reasons(alloc->name() + ": " + why);
    } else if (alloc->client == ClientStatus::failed &&
               alloc->client_description().find("out of memory") != std::string_view::npos) {
      out.add_reasons(alloc->name() + ": " + std::string(alloc->client_description()));
    }
  }
}

Status explain_job(Reading& reading, const model::JobReadRequest& request,
                   model::JobExplanation& out) {
  const JobKey key = reading.job_key(request.job_id());
  out.set_job_id(key.id);
  std::string family = key.id;
  if (const auto* waiting = reading.snapshot.tables().waiting.find(key)) {
    out.set_status("waiting");
    family = (*waiting)->parent->id();
    explain_lane(reading, {key.ns, family}, **waiting, out);
  } else {
    const auto record = reading.snapshot.job_record(key);
    if (!record) return not_found("job");
    out.set_status(record->job->status());
    if (record->child) family = record->child->parent_id();
    for (const auto& after : record->waiting_for) {
      out.add_reasons("it waits for job \"" + after->job() + "\" to be " + after->status());
    }
    explain_memory(reading, key, out);
    if (record->job->status() != "dead" && record->waiting_for.empty()) {
      explain_evals(reading, key, out);
    }
  }
  std::vector<std::int64_t> durations;
  reading.serving.core.each_run(key.ns, family, [&](const model::RunRecord& run) {
    if (run.started_at() != 0 && run.status() == "complete") {
      durations.push_back(run.finished_at() - run.started_at());
    }
    return durations.size() < 100;
  });
  if (durations.empty()) return {};
  const auto middle = durations.begin() + static_cast<std::ptrdiff_t>(durations.size() / 2);
  std::nth_element(durations.begin(), middle, durations.end());
  out.set_typical_run_time(*middle);
  if (out.queue_position() > 0 && out.lane_max() > 0) {
    // Each place of the lane is free again after one typical run.
    out.set_expected_start_in(*middle * (1 + (out.queue_position() - 1) / out.lane_max()));
  }
  return {};
}

}  // namespace

void add_batch_reads(OperationTable& table) {
  table.read("ListSweeps", {Table::sweeps}, &list_sweeps);
  table.read("ReadSweep", {Table::sweeps}, &read_sweep);
  table.read("ListSweepTrials", {Table::sweeps}, &list_trials);
  table.read("ExplainJob", {Table::jobs, Table::evals, Table::allocs}, &explain_job);
  table.call("ListRuns", Access::leader, &list_runs).heavy = true;
  table.call("ReadRun", Access::leader, &read_run).heavy = true;
}

}  // namespace yurt::server
