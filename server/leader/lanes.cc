#include "server/leader/lanes.h"

#include <algorithm>
#include <limits>

#include "proto/batch.pb.h"
#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "server/new_evals.h"

namespace yurt::server {
namespace {

// One command admits at most so many, so that it stays small.
constexpr std::int64_t most_admissions = 512;

}  // namespace

void note_moved_lanes(const Changes& changes, std::set<JobKey>& parents) {
  for (const WaitingChange& change : changes.waiting) {
    if (change.after) parents.insert({change.ns, change.after->parent->id()});
  }
  for (const JobChange& change : changes.jobs) {
    const JobRecordRef& record = change.after ? change.after : change.before;
    // A parent changes with each move of a child, and when it is registered anew.
    if (record->children.waiting > 0) {
      parents.insert({record->job->namespace_(), record->job->id()});
    }
  }
}

std::set<JobKey> parents_with_waiting(const Snapshot& state) {
  const Tables& tables = state.tables();
  std::set<JobKey> parents;
  std::optional<LaneKey> from = LaneKey{0, std::numeric_limits<std::int32_t>::min(), 0};
  while (from) {
    std::optional<LaneKey> next;
    tables.lanes.scan(*from, [&](const LaneKey& key, const WaitingRef& row) {
      parents.insert({row->parent->namespace_(), row->parent->id()});
      if (key.parent_hash != std::numeric_limits<std::uint64_t>::max()) {
        next = LaneKey{key.parent_hash + 1, std::numeric_limits<std::int32_t>::min(), 0};
      }
      return false;
    });
    from = next;
  }
  return parents;
}

std::vector<SweepRef> sweeps_with_trials(const Snapshot& state) {
  std::vector<SweepRef> out;
  state.tables().sweeps.each([&](const JobKey&, const SweepRef& sweep) {
    const model::SweepRecord& record = *sweep->record;
    if (record.launched() > record.complete() + record.failed()) out.push_back(sweep);
    return true;
  });
  return out;
}

std::optional<model::Command> next_admission(const Snapshot& state, const JobKey& parent,
                                             Random& random) {
  const JobRecordRef record = state.job_record(parent);
  if (!record || record->children.waiting <= 0) return std::nullopt;
  const std::int32_t most = record->job->parameterized().max_running();
  const std::int64_t room = most > 0 ? most - record->children.pending - record->children.running
                                     : unplaced_children_window - record->children.pending;
  if (room <= 0) return std::nullopt;
  model::Command command;
  auto* admit = command.mutable_admit_children();
  admit->set_namespace_(parent.ns);
  admit->set_job_id(parent.id);
  for (std::int64_t i = std::min(room, most_admissions); i > 0; --i) {
    admit->add_eval_ids(EvalId::generate(random).to_bytes());
  }
  return command;
}

std::vector<model::Command> stop_trials(const Snapshot& state, const SweepRow& sweep,
                                        Random& random) {
  std::vector<model::Command> out;
  const model::SweepRecord& record = *sweep.record;
  // Trials that ran when too many failed may still end well.
  if (record.status() == "running" || record.status() == "failed") return out;
  const std::uint64_t hash = job_hash(record.namespace_(), record.id());
  state.tables().trials.scan({hash, 0}, [&](const TrialKey& key, const TrialRef& trial) {
    if (key.sweep_hash != hash) return false;
    if (trial->status() != "pending" && trial->status() != "running") return true;
    const JobRef job = state.job({trial->namespace_(), trial->job_id()});
    if (!job || job->stop()) return true;
    model::Command command;
    auto* stop = command.mutable_deregister_job();
    stop->set_namespace_(job->namespace_());
    stop->set_job_id(job->id());
    *stop->mutable_evaluation() = new_eval(*job, "job-deregister", random);
    out.push_back(std::move(command));
    return true;
  });
  return out;
}

}  // namespace yurt::server
