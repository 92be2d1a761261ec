// Commands of batch work: dispatches, sweeps, lanes, launches of periodic jobs, and jobs that wait
// for others.
#include "jobspec/sweep/sweep_trials.h"
#include "proto/batch.pb.h"
#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "server/state/apply.h"
#include "server/state/child_job.h"

namespace yurt::server {
namespace {

Applied plain(const Transaction& transaction) { return {.index = transaction.index()}; }

// The parameterized job that may be dispatched; an error says why it may not.
Result<const JobRecord*> dispatchable(const Transaction& transaction, const JobKey& key) {
  const JobRecord* record = transaction.job(key);
  if (record == nullptr) {
    return Error{ErrorCode::not_found, "parameterized job not found"};
  }
  const model::Job& job = *record->job;
  if (!job.has_parameterized() || job.dispatched()) {
    return Error{ErrorCode::invalid_argument,
                 "Specified job \"" + key.id + "\" is not a parameterized job"};
  }
  if (job.stop()) {
    return Error{ErrorCode::invalid_argument, "Specified job \"" + key.id + "\" is stopped"};
  }
  return record;
}

model::Evaluation child_eval(const model::Job& job, const std::string& id,
                             const std::string& trigger) {
  model::Evaluation eval;
  eval.set_id(id);
  eval.set_namespace_(job.namespace_());
  eval.set_priority(job.priority());
  eval.set_type(job.type());
  eval.set_triggered_by(trigger);
  eval.set_job_id(job.id());
  eval.set_status("pending");
  return eval;
}

// Makes the child a job of its own. False when it waits for other jobs; it is evaluated otherwise.
bool launch(Transaction& transaction, const model::Job& parent, const std::string& id,
            ChildRef child, model::Evaluation eval) {
  model::Job job = make_child(parent, id, *child);
  job.set_create_index(transaction.index());
  job.set_modify_index(transaction.index());
  job.set_job_modify_index(transaction.index());
  eval.set_namespace_(job.namespace_());
  eval.set_job_id(job.id());
  eval.set_job_modify_index(transaction.index());
  eval.set_type(job.type());
  eval.set_priority(job.priority());
  JobRecord& record = transaction.edit_job({job.namespace_(), id});
  record.job = std::make_shared<const model::Job>(std::move(job));
  record.versions = {record.job};
  record.child = std::move(child);
  for (const auto& group : record.job->group()) record.groups.try_emplace(group.name());
  record.summary_modify_index = transaction.index();
  record.waiting_for = unmet(transaction, *record.job);
  const bool held = !record.waiting_for.empty();
  ++transaction.edit_job({parent.namespace_(), parent.id()}).children.pending;
  if (held) {
    transaction.hold({parent.namespace_(), id}, true);
  } else {
    transaction.put_eval(std::move(eval));
  }
  return !held;
}

// A token that stands for a cache_key is free again when its carrier ended without output.
bool is_spent(const Transaction& transaction, const std::string& ns, const std::string& token,
              const TokenRow& carrier) {
  if (!token.starts_with(cache_prefix)) return false;
  const JobRecord* child = transaction.job({ns, carrier.id});
  return child != nullptr && child->job->status() == "dead" && child->outcome != "complete";
}

bool lane_has_room(const Transaction& transaction, const JobRecord& parent) {
  const std::int32_t most = parent.job->parameterized().max_running();
  if (most <= 0) return true;
  if (transaction.lane_head({parent.job->namespace_(), parent.job->id()}) != nullptr) return false;
  return parent.children.pending + parent.children.running < most;
}

void launch_trial(Transaction& transaction, const WaitingRow& waiting, const JobKey& sweep_key,
                  const std::string& eval_id) {
  const SweepRef sweep = *transaction.tables().sweeps.find(sweep_key);
  const std::uint32_t number = sweep->record->launched();
  auto child = std::make_shared<const model::DispatchedChild>(
      trial_child(*sweep, sweep->parent->create_index(), number, transaction.time()));
  const std::string id = trial_job_id(sweep->record->job_id(), sweep_key.id, number);
  const model::Job& parent = *waiting.parent;

  model::TrialRecord trial;
  trial.set_namespace_(sweep_key.ns);
  trial.set_sweep_id(sweep_key.id);
  trial.set_trial(number);
  trial.set_job_id(id);
  trial.set_status("pending");
  transaction.put_trial(std::move(trial));

  model::SweepRecord record = *sweep->record;
  record.set_launched(number + 1);
  const bool last = record.launched() == record.total();
  transaction.put_sweep(sweep->parent, sweep->plan, std::move(record));
  // The row goes with the last trial; what it holds is still needed.
  if (last) transaction.remove_waiting({sweep_key.ns, waiting.id});
  static_cast<void>(
      launch(transaction, parent, id, child, child_eval(parent, eval_id, "job-register")));
}

// A job that waited for others will not run, for `reason`.
void give_up(Transaction& transaction, const JobKey& key, const std::string& reason) {
  transaction.hold(key, false);
  JobRecord& record = transaction.edit_job(key);
  record.waiting_for.clear();
  record.had_work = true;  // nothing is left to wait for: the job is dead
  if (!record.job->stop()) stop_job(transaction, record);
  auto job = std::make_shared<model::Job>(*record.job);
  job->set_status_description(reason);
  record.job = job;
  record.versions.front() = record.job;
}

}  // namespace

Result<Applied> apply(Transaction& transaction, const model::DispatchJob& command) {
  const JobKey parent_key{command.namespace_(), command.job_id()};
  YURT_ASSIGN(const JobRecord* record, dispatchable(transaction, parent_key));
  const JobRef parent = record->job;
  Applied applied{.index = transaction.index()};
  const std::string& token = command.spec().idempotency_token();
  const TokenRow* carrier = transaction.token(parent_key, token);
  if (carrier != nullptr && !is_spent(transaction, parent_key.ns, token, *carrier)) {
    applied.existing = carrier->id;
    return applied;
  }
  const JobKey key{command.namespace_(), command.child_id()};
  if (transaction.job(key) != nullptr || transaction.waiting(key) != nullptr) {
    return Error{ErrorCode::conflict, "job \"" + key.id + "\" exists already: dispatch again"};
  }
  model::DispatchedChild child;
  child.set_parent_id(parent->id());
  child.set_parent_version(parent->version());
  child.set_parent_create_index(parent->create_index());
  *child.mutable_spec() = command.spec();
  child.set_submit_time(transaction.time());
  if (!token.empty()) transaction.put_token(parent_key, token, {key.id, false});
  applied.job_modify_index = transaction.index();
  if (lane_has_room(transaction, *record)) {
    auto made = std::make_shared<const model::DispatchedChild>(std::move(child));
    applied.waiting = !launch(transaction, *parent, key.id, std::move(made), command.evaluation());
    return applied;
  }
  auto waiting = std::make_shared<WaitingRow>();
  waiting->parent = parent;
  waiting->id = key.id;
  waiting->priority =
      command.spec().has_priority() ? command.spec().priority() : parent->priority();
  waiting->create_index = transaction.index();
  waiting->child = serialize_child(child);
  transaction.put_waiting(key.ns, std::move(waiting));
  applied.waiting = true;
  return applied;
}

Result<Applied> apply(Transaction& transaction, const model::StartSweep& command) {
  const JobKey parent_key{command.namespace_(), command.job_id()};
  YURT_ASSIGN(const JobRecord* record, dispatchable(transaction, parent_key));
  YURT_TRY(jobspec::check_sweep(command.sweep()));
  const JobRef parent = record->job;
  Applied applied{.index = transaction.index()};
  const std::string& token = command.spec().idempotency_token();
  if (const TokenRow* carrier = transaction.token(parent_key, token)) {
    applied.existing = carrier->id;
    return applied;
  }
  const JobKey key{command.namespace_(), command.sweep_id()};
  if (transaction.tables().sweeps.find(key) != nullptr) {
    return Error{ErrorCode::conflict, "sweep \"" + key.id + "\" exists already: start it again"};
  }
  model::SweepRecord sweep;
  sweep.set_id(key.id);
  sweep.set_namespace_(key.ns);
  sweep.set_job_id(parent->id());
  sweep.set_job_version(parent->version());
  sweep.set_parent_create_index(parent->create_index());
  sweep.set_priority(command.spec().has_priority() ? command.spec().priority()
                                                   : parent->priority());
  sweep.set_status("running");
  sweep.set_total(static_cast<std::uint32_t>(jobspec::trial_count(command.sweep())));
  sweep.set_submit_time(transaction.time());
  if (!token.empty()) transaction.put_token(parent_key, token, {key.id, true});

  auto plan = std::make_shared<model::SweepRecord>();
  *plan->mutable_sweep() = command.sweep();
  *plan->mutable_spec() = command.spec();
  transaction.put_sweep(parent, std::move(plan), sweep);
  transaction.queue_sweep(parent, sweep, transaction.index());
  return applied;
}

Result<Applied> apply(Transaction& transaction, const model::AdmitChildren& command) {
  const JobKey parent_key{command.namespace_(), command.job_id()};
  for (const std::string& bytes : command.eval_ids()) {
    const JobRecord* parent = transaction.job(parent_key);
    if (parent == nullptr) break;
    const WaitingRef head = transaction.lane_head(parent_key);
    if (!head) break;
    const std::int32_t most = parent->job->parameterized().max_running();
    if (most > 0 && parent->children.pending + parent->children.running >= most) break;
    const std::string eval_id = EvalId::from_bytes(bytes).to_string();
    if (head->sweep) {
      launch_trial(transaction, *head, {parent_key.ns, head->id}, eval_id);
      continue;
    }
    model::DispatchedChild child;
    child.ParseFromString(head->child);
    transaction.remove_waiting({parent_key.ns, head->id});
    auto made = std::make_shared<const model::DispatchedChild>(std::move(child));
    static_cast<void>(launch(transaction, *head->parent, head->id, std::move(made),
                             child_eval(*head->parent, eval_id, "job-register")));
  }
  return plain(transaction);
}

Result<Applied> apply(Transaction& transaction, const model::SetSweepStatus& command) {
  const JobKey key{command.namespace_(), command.sweep_id()};
  const SweepRef* found = transaction.tables().sweeps.find(key);
  if (found == nullptr) {
    return Error{ErrorCode::not_found, "sweep \"" + key.id + "\" not found"};
  }
  const SweepRef sweep = *found;
  const std::string& now = sweep->record->status();
  if (now == command.status()) return plain(transaction);
  if (now == "complete") {
    return Error{ErrorCode::failed_precondition,
                 "sweep \"" + key.id + "\" has completed: there is nothing to stop or resume"};
  }
  if (command.status() == "running") {
    if (const JobRecord* parent = transaction.job({key.ns, sweep->record->job_id()});
        parent == nullptr || parent->job->create_index() != sweep->record->parent_create_index()) {
      return Error{ErrorCode::failed_precondition,
                   "sweep \"" + key.id + "\" cannot be resumed: its job is gone"};
    }
    transaction.resume_sweep(sweep);
  } else {
    transaction.end_sweep(sweep, command.status(), command.status_description());
  }
  return plain(transaction);
}

Result<Applied> apply(Transaction& transaction, const model::LaunchPeriodic& command) {
  const JobKey parent_key{command.namespace_(), command.job_id()};
  const JobRecord* record = transaction.job(parent_key);
  if (record == nullptr) return Error{ErrorCode::not_found, "job not found"};
  const JobRef parent = record->job;
  if (!parent->has_periodic()) {
    return Error{ErrorCode::invalid_argument, "job \"" + parent_key.id + "\" is not periodic"};
  }
  if (parent->stop()) {
    return Error{ErrorCode::invalid_argument, "job \"" + parent_key.id + "\" is stopped"};
  }
  std::int64_t seconds = command.launch_time() / 1'000'000'000;
  const auto id_of = [&] { return parent_key.id + "/periodic-" + std::to_string(seconds); };
  const auto taken = [&] { return transaction.job({parent_key.ns, id_of()}) != nullptr; };
  if (!command.forced()) {
    if (command.launch_time() <= record->last_launch) return plain(transaction);
    const bool busy = record->children.pending + record->children.running > 0;
    transaction.edit_job(parent_key).last_launch = command.launch_time();
    if (busy && parent->periodic().prohibit_overlap()) return plain(transaction);
    if (taken()) return plain(transaction);
  }
  // Each launch that a user asks for is one of its own.
  while (taken()) ++seconds;
  auto child = std::make_shared<model::DispatchedChild>();
  child->set_parent_id(parent->id());
  child->set_parent_version(parent->version());
  child->set_parent_create_index(parent->create_index());
  child->set_submit_time(transaction.time());
  child->set_launch_time(seconds * 1'000'000'000);
  Applied applied = plain(transaction);
  applied.waiting = !launch(transaction, *parent, id_of(), std::move(child), command.evaluation());
  applied.job_modify_index = transaction.index();
  return applied;
}

Result<Applied> apply(Transaction& transaction, const model::ReleaseJobs& command) {
  for (const auto& eval : command.evaluations()) {
    const JobKey key{eval.namespace_(), eval.job_id()};
    const JobRecord* record = transaction.job(key);
    if (record == nullptr || record->waiting_for.empty()) continue;
    JobRecord& released = transaction.edit_job(key);
    released.waiting_for.clear();
    transaction.hold(key, false);
    model::Evaluation first = eval;
    first.set_job_modify_index(released.job->job_modify_index());
    transaction.put_eval(std::move(first));
  }
  for (const auto& refused : command.refused()) {
    const JobKey key{refused.namespace_(), refused.job_id()};
    const JobRecord* record = transaction.job(key);
    if (record == nullptr || record->waiting_for.empty()) continue;
    give_up(transaction, key, refused.reason());
  }
  return plain(transaction);
}

Result<Applied> apply(Transaction& transaction, const model::TrimRuns& command) {
  transaction.trim_runs(command.finished_before());
  return plain(transaction);
}

Result<Applied> apply(Transaction& transaction, const model::TrimSweeps& command) {
  transaction.trim_sweeps(command.finished_before());
  return plain(transaction);
}

}  // namespace yurt::server
