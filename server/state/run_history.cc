#include "server/state/run_history.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "proto/batch.pb.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::server {
namespace {

using Instance = std::pair<std::string, std::uint32_t>;  // group and index

// The newest allocation of each instance, of the newest version of the job that was placed: earlier
// versions are runs of their own.
std::map<Instance, AllocRef> newest_allocs(const Tables& tables, const JobRecord& record) {
  std::map<Instance, AllocRef> newest;
  std::uint64_t version = 0;
  const model::Job& job = *record.job;
  const std::uint64_t hash = job_hash(job.namespace_(), job.id());
  tables.allocs_by_job.scan({hash, AllocId{}}, [&](const JobAllocKey& key, const AllocRef& alloc) {
    if (key.job_hash != hash) return false;
    if (alloc->job->id() != job.id() || alloc->job->namespace_() != job.namespace_() ||
        alloc->job->create_index() != job.create_index()) {
      return true;
    }
    if (alloc->job->version() < version) return true;
    if (alloc->job->version() > version) {
      version = alloc->job->version();
      newest.clear();
    }
    AllocRef& slot = newest[{alloc->task_group().name(), alloc->name_index}];
    if (!slot || slot->create_index < alloc->create_index) slot = alloc;
    return true;
  });
  return newest;
}

const model::Task* find_task(const model::TaskGroup& group, const std::string& name) {
  for (const auto& task : group.task()) {
    if (task.name() == name) return &task;
  }
  return nullptr;
}

void note_exit(const model::TaskState& state, model::RunTask& out) {
  for (const auto& event : state.events()) {
    if (event.type() != "Terminated") continue;
    out.set_exit_code(event.exit_code());
    out.set_signal(event.signal());
    const auto oom = event.details().find("oom_killed");
    out.set_oom_killed(oom != event.details().end() && oom->second == "true");
  }
}

void add_tasks(const Allocation& alloc, model::RunRecord& run) {
  if (!alloc.task_states) return;
  const model::TaskStates states = alloc.task_states->unpack();
  std::vector<std::string> names;
  for (const auto& [name, state] : states.tasks()) names.push_back(name);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const model::TaskState& state = states.tasks().at(name);
    model::RunTask& task = *run.add_tasks();
    task.set_alloc_id(alloc.id.to_string());
    task.set_node_id(alloc.node.to_string());
    task.set_group(alloc.task_group().name());
    task.set_task(name);
    note_exit(state, task);
    // A retry with more memory is a restart, wherever it ran.
    task.set_restarts(state.restarts() + alloc.more().oom_retries);
    task.set_peak_memory(state.peak_memory());
    task.set_cpu_time(state.cpu_time());
    if (state.started_at() != 0 && state.finished_at() >= state.started_at()) {
      task.set_run_time(state.finished_at() - state.started_at());
    }
    if (const model::Task* spec = find_task(alloc.task_group(), name)) {
      // More than the job says, after a retry for want of memory.
      const auto granted = alloc.resources->message->tasks().find(name);
      task.set_asked_memory_mb(granted == alloc.resources->message->tasks().end()
                                   ? spec->resources().memory()
                                   : granted->second.memory().memory_mb());
      task.set_asked_cpu(spec->resources().cpu());
    }
    for (const auto& [metric, value] : state.metrics()) (*run.mutable_metrics())[metric] = value;
  }
}

}  // namespace

std::string outcome_of(const Tables& tables, const JobRecord& record) {
  const auto newest = newest_allocs(tables, record);
  bool all_complete = true, any_failed = false;
  for (const auto& [instance, alloc] : newest) {
    all_complete &= alloc->client == ClientStatus::complete;
    any_failed |= alloc->client == ClientStatus::failed || alloc->client == ClientStatus::lost;
  }
  if (any_failed) return "failed";
  // A job that was stopped before it had ended did not complete, even where nothing failed.
  if (record.job->stop() && (newest.empty() || !all_complete)) return "stopped";
  return all_complete ? "complete" : "stopped";
}

model::RunRecord make_run(const Tables& tables, const JobRecord& record, const std::string& outcome,
                          std::int64_t time) {
  const model::Job& job = *record.job;
  model::RunRecord run;
  run.set_namespace_(job.namespace_());
  run.set_job_id(job.id());
  run.set_parent_id(job.parent_id());
  const auto allocs = newest_allocs(tables, record);
  const model::Job& ran = allocs.empty() ? job : *allocs.begin()->second->job;
  run.set_job_version(record.child ? record.child->parent_version() : ran.version());
  run.set_status(outcome);
  if (record.child) {
    run.set_sweep_id(record.child->sweep_id());
    *run.mutable_meta() = record.child->spec().meta();
    run.set_submitted_by(record.child->spec().submitted_by());
    run.set_idempotency_token(record.child->spec().idempotency_token());
  } else {
    *run.mutable_meta() = job.meta();
  }
  run.set_submitted_at(ran.submit_time());
  std::int64_t started = 0, finished = 0;
  for (const auto& [instance, alloc] : allocs) {
    const AllocExtra& extra = alloc->more();
    if (alloc->started_at != 0) {
      started = started == 0 ? alloc->started_at : std::min(started, alloc->started_at);
    }
    finished = std::max(finished, extra.finished_at);
    add_tasks(*alloc, run);
  }
  run.set_started_at(started);
  run.set_finished_at(finished != 0 ? finished : time);
  // A job that is registered anew and runs again has another row; one that is stopped has not.
  run.set_index(allocs.empty() ? job.create_index() : ran.job_modify_index());
  return run;
}

}  // namespace yurt::server
