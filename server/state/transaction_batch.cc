// The transaction's part for batch work: lanes, tokens, sweeps, and what remains of runs.
#include <algorithm>
#include <limits>

#include "jobspec/sweep/stop_rule.h"
#include "proto/batch.pb.h"
#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "server/state/child_job.h"
#include "server/state/run_history.h"
#include "server/state/transaction.h"

namespace yurt::server {
namespace {

LaneKey lane_key(const std::string& ns, const WaitingRow& row) {
  return {job_hash(ns, row.parent->id()), -row.priority, row.create_index};
}

std::int64_t* count_of(ChildCounts& counts, const std::string& status) {
  if (status == "pending") return &counts.pending;
  if (status == "running") return &counts.running;
  return &counts.dead;
}

std::string trial_status(const model::Job& job, const std::string& outcome) {
  return job.status() == "dead" ? outcome : job.status();
}

}  // namespace

SweepRow::SweepRow(JobRef parent, SweepPlanRef plan, model::SweepRecord record)
    : parent(std::move(parent)),
      plan(std::move(plan)),
      record(std::make_unique<const model::SweepRecord>(std::move(record))) {}

SweepRow::~SweepRow() = default;

model::SweepRecord SweepRow::whole() const {
  model::SweepRecord out = *record;
  *out.mutable_sweep() = plan->sweep();
  *out.mutable_spec() = plan->spec();
  return out;
}

// --- Lanes and tokens

const WaitingRow* Transaction::waiting(const JobKey& child) const {
  const WaitingRef* found = tables_.waiting.find(child);
  return found == nullptr ? nullptr : found->get();
}

WaitingRef Transaction::lane_head(const JobKey& parent) const {
  const std::uint64_t hash = job_hash(parent);
  WaitingRef head;
  tables_.lanes.scan({hash, std::numeric_limits<std::int32_t>::min(), 0},
                     [&](const LaneKey& key, const WaitingRef& row) {
                       if (key.parent_hash != hash) return false;
                       if (row->parent->id() != parent.id) return true;
                       head = row;
                       return false;
                     });
  return head;
}

void Transaction::put_waiting(const std::string& ns, std::shared_ptr<const WaitingRow> row) {
  ++edit_job({ns, row->parent->id()}).children.waiting;
  tables_.lanes.set(lane_key(ns, *row), row);
  tables_.waiting.set({ns, row->id}, row);
  changes_.waiting.push_back({ns, nullptr, row});
  touch(Table::jobs);
}

void Transaction::drop_waiting_child(const JobKey& key) {
  const WaitingRef* found = tables_.waiting.find(key);
  if (found == nullptr || (*found)->sweep) return;
  const WaitingRef row = *found;
  model::DispatchedChild child;
  child.ParseFromString(row->child);
  forget_token(key, child);
  JobRecord never;
  model::Job job = make_child(*row->parent, row->id, child);
  job.set_create_index(row->create_index);
  never.job = std::make_shared<const model::Job>(std::move(job));
  never.child = std::make_shared<const model::DispatchedChild>(std::move(child));
  changes_.runs.push_back(
      std::make_shared<const model::RunRecord>(make_run(tables_, never, "stopped", time_)));
  remove_waiting(key);
}

void Transaction::drop_lane(const JobKey& parent) {
  while (const WaitingRef head = lane_head(parent)) {
    const JobKey key{parent.ns, head->id};
    const SweepRef* sweep = head->sweep ? tables_.sweeps.find(key) : nullptr;
    // Trials that run already go on, as other children do.
    if (sweep != nullptr) end_sweep(SweepRef(*sweep), "failed", "its job was purged");
    drop_waiting_child(key);
    remove_waiting(key);
  }
}

void Transaction::remove_waiting(const JobKey& key) {
  const WaitingRef* found = tables_.waiting.find(key);
  if (found == nullptr) return;
  const WaitingRef row = *found;
  if (JobRecord* parent = counted_job({key.ns, row->parent->id()})) --parent->children.waiting;
  tables_.lanes.erase(lane_key(key.ns, *row));
  tables_.waiting.erase(key);
  changes_.waiting.push_back({key.ns, row, nullptr});
  touch(Table::jobs);
}

const TokenRow* Transaction::token(const JobKey& parent, const std::string& token) const {
  return token.empty() ? nullptr : tables_.tokens.find({job_hash(parent), token});
}

void Transaction::put_token(const JobKey& parent, const std::string& token, TokenRow row) {
  tables_.tokens.set({job_hash(parent), token}, std::move(row));
}

void Transaction::forget_token(const JobKey& key, const model::DispatchedChild& child) {
  const JobKey parent{key.ns, child.parent_id()};
  const std::string& token = child.spec().idempotency_token();
  // It may have passed to a younger child.
  if (const TokenRow* row = this->token(parent, token); row != nullptr && row->id == key.id) {
    tables_.tokens.erase({job_hash(parent), token});
  }
}

// --- Sweeps

void Transaction::put_sweep(JobRef parent, SweepPlanRef plan, model::SweepRecord record) {
  const JobKey key{record.namespace_(), record.id()};
  record.set_modify_index(index_);
  if (record.create_index() == 0) record.set_create_index(index_);
  auto row =
      std::make_shared<const SweepRow>(std::move(parent), std::move(plan), std::move(record));
  tables_.sweeps.set(key, row);
  changes_.sweeps.push_back(row);
  touch(Table::sweeps);
}

void Transaction::put_trial(model::TrialRecord record) {
  auto row = std::make_shared<const model::TrialRecord>(std::move(record));
  tables_.trials.set({job_hash(row->namespace_(), row->sweep_id()), row->trial()}, row);
  changes_.trials.push_back(row);
  touch(Table::sweeps);
}

void Transaction::queue_sweep(const JobRef& parent, const model::SweepRecord& sweep,
                              std::uint64_t create_index) {
  auto row = std::make_shared<WaitingRow>();
  row->parent = parent;
  row->id = sweep.id();
  row->sweep = true;
  row->priority = sweep.priority();
  row->create_index = create_index;
  put_waiting(sweep.namespace_(), std::move(row));
}

void Transaction::end_sweep(const SweepRef& sweep, const std::string& status,
                            const std::string& description) {
  model::SweepRecord record = *sweep->record;
  record.set_status(status);
  record.set_status_description(description);
  record.set_finish_time(time_);
  remove_waiting({record.namespace_(), record.id()});
  put_sweep(sweep->parent, sweep->plan, std::move(record));
}

void Transaction::resume_sweep(const SweepRef& sweep) {
  model::SweepRecord record = *sweep->record;
  record.set_status("running");
  record.clear_status_description();
  record.clear_finish_time();
  if (record.launched() < record.total()) {
    queue_sweep(sweep->parent, record, record.create_index());
  } else if (record.complete() + record.failed() == record.total()) {
    record.set_status("complete");
    record.set_finish_time(time_);
  }
  put_sweep(sweep->parent, sweep->plan, std::move(record));
}

// How a trial stands moves the sweep's counts, and may end the sweep.
void Transaction::move_trial(const JobRecord& job) {
  const model::DispatchedChild& child = *job.child;
  const JobKey sweep_key{job.job->namespace_(), child.sweep_id()};
  const SweepRef* found = tables_.sweeps.find(sweep_key);
  const TrialRef* row = tables_.trials.find({job_hash(sweep_key.ns, sweep_key.id), child.trial()});
  if (found == nullptr || row == nullptr) return;
  const SweepRef sweep = *found;
  model::TrialRecord trial = **row;
  const std::string before = trial.status();
  trial.set_status(trial_status(*job.job, job.outcome));
  if (trial.status() != "pending" && trial.started_at() == 0) trial.set_started_at(time_);
  trial.set_finished_at(job.job->status() == "dead" ? time_ : 0);
  const std::string after = trial.status();
  put_trial(std::move(trial));

  model::SweepRecord record = *sweep->record;
  const auto count = [&](const std::string& status, int by) {
    if (status == "complete") record.set_complete(record.complete() + static_cast<unsigned>(by));
    if (status == "failed" || status == "stopped") {
      record.set_failed(record.failed() + static_cast<unsigned>(by));
    }
  };
  count(before, -1);
  count(after, 1);
  const bool over =
      record.launched() == record.total() && record.complete() + record.failed() == record.total();
  const auto limit = static_cast<std::uint32_t>(sweep->plan->sweep().max_failures());
  // Once over the limit and resumed, only a further failure ends the sweep again.
  const bool failed_now = after == "failed" && before != "failed";
  put_sweep(sweep->parent, sweep->plan, record);
  if (record.status() != "running") return;
  const SweepRef now = *tables_.sweeps.find(sweep_key);
  if (over) {
    end_sweep(now, "complete", "");
  } else if (failed_now && limit > 0 && record.failed() >= limit) {
    end_sweep(now, "failed",
              std::to_string(record.failed()) + " trials failed: max_failures is " +
                  std::to_string(limit));
  }
}

void Transaction::note_metrics(const JobKey& key, const model::AllocUpdate& update) {
  const JobRecord* record = job(key);
  if (record == nullptr || !record->child || record->child->sweep_id().empty()) return;
  const JobKey sweep_key{key.ns, record->child->sweep_id()};
  const TrialRef* row =
      tables_.trials.find({job_hash(sweep_key.ns, sweep_key.id), record->child->trial()});
  const SweepRef* found = tables_.sweeps.find(sweep_key);
  if (row == nullptr || found == nullptr) return;
  model::TrialRecord trial = **row;
  bool changed = false;
  for (const auto& [task, state] : update.task_states()) {
    for (const auto& [name, value] : state.metrics()) {
      auto& slot = (*trial.mutable_metrics())[name];
      changed |= slot != value;
      slot = value;
    }
    for (const auto& event : state.events()) {
      if (event.type() == "Terminated") trial.set_exit_code(event.exit_code());
    }
  }
  const SweepRef sweep = *found;
  const auto rule = jobspec::parse_stop_rule(sweep->plan->sweep().stop_when());
  const std::uint32_t number = trial.trial();
  const auto metric = rule.ok() ? trial.metrics().find(rule->metric) : trial.metrics().end();
  const bool met = metric != trial.metrics().end() && rule->met_by(metric->second);
  put_trial(std::move(trial));
  if (changed && met && sweep->record->status() == "running") {
    end_sweep(
        sweep, "complete",
        "trial " + std::to_string(number) + " met stop_when: " + sweep->plan->sweep().stop_when());
  }
}

// --- Children and runs

JobRecord* Transaction::parent_of(const JobRecord& child) {
  const JobKey key{child.job->namespace_(), child.child->parent_id()};
  const JobRecord* parent = job(key);
  const bool same = parent != nullptr && parent->job &&
                    parent->job->create_index() == child.child->parent_create_index();
  return same ? &edit_job(key) : nullptr;
}

void Transaction::leave_parent(const JobRecord& child) {
  forget_token({child.job->namespace_(), child.job->id()}, *child.child);
  if (!child.child->sweep_id().empty() && child.job->status() != "dead") {
    JobRecord ended = child;
    auto job = std::make_shared<model::Job>(*child.job);
    job->set_status("dead");
    ended.job = std::move(job);
    ended.outcome = "stopped";
    move_trial(ended);
  }
  JobRecord* parent = parent_of(child);
  if (parent == nullptr) return;
  --*count_of(parent->children, child.job->status());
  parent->summary_modify_index = index_;
}

void Transaction::move_child(const JobRecord& child, const std::string& before) {
  JobRecord* parent = parent_of(child);
  if (parent == nullptr) return;
  --*count_of(parent->children, before);
  ++*count_of(parent->children, child.job->status());
  parent->summary_modify_index = index_;
}

void Transaction::settle_run(const std::string& before, JobRecord& record) {
  const model::Job& job = *record.job;
  if (record.child) move_child(record, before);
  const bool runs = (job.type() == "batch" || job.type() == "sysbatch") && !job.has_periodic() &&
                    (!job.has_parameterized() || job.dispatched());
  if (!runs) return;
  record.outcome = job.status() == "dead" ? outcome_of(tables_, record) : "";
  if (job.status() == "dead") {
    changes_.runs.push_back(
        std::make_shared<const model::RunRecord>(make_run(tables_, record, record.outcome, time_)));
  }
  if (record.child && !record.child->sweep_id().empty()) move_trial(record);
}

void Transaction::hold(const JobKey& key, bool held) {
  if (held) {
    tables_.held.set(key, {});
  } else {
    tables_.held.erase(key);
  }
}

void Transaction::trim_sweeps(std::int64_t finished_before) {
  // One command must not take long: the next one goes on.
  constexpr std::int64_t most_trials = 100'000;
  std::vector<SweepRef> old;
  std::int64_t trials = 0;
  tables_.sweeps.each([&](const JobKey&, const SweepRef& sweep) {
    const model::SweepRecord& record = *sweep->record;
    if (record.status() == "running" || record.finish_time() >= finished_before) return true;
    old.push_back(sweep);
    trials += record.launched();
    return trials < most_trials;
  });
  for (const SweepRef& sweep : old) forget_sweep(*sweep);
}

void Transaction::forget_sweep(const SweepRow& sweep) {
  const model::SweepRecord& record = *sweep.record;
  const JobKey key{record.namespace_(), record.id()};
  const std::uint64_t hash = job_hash(key);
  std::vector<TrialKey> trials;
  tables_.trials.scan({hash, 0}, [&](const TrialKey& at, const TrialRef& trial) {
    if (at.sweep_hash != hash) return false;
    if (trial->sweep_id() == key.id && trial->namespace_() == key.ns) trials.push_back(at);
    return true;
  });
  for (const TrialKey& at : trials) tables_.trials.erase(at);
  const JobKey parent{key.ns, record.job_id()};
  const std::string& token = sweep.plan->spec().idempotency_token();
  if (const TokenRow* row = this->token(parent, token); row != nullptr && row->id == key.id) {
    tables_.tokens.erase({job_hash(parent), token});
  }
  tables_.sweeps.erase(key);
  std::vector<std::uint32_t> numbers;
  for (const TrialKey& at : trials) numbers.push_back(at.trial);
  changes_.forgotten_sweeps.push_back({key, std::move(numbers)});
  touch(Table::sweeps);
}

void Transaction::trim_runs(std::int64_t finished_before) {
  changes_.trim_runs_before = std::max(changes_.trim_runs_before, finished_before);
}

}  // namespace yurt::server
