// Transaction: the one way to change Tables while a batch of commands is applied.
//
// It keeps the secondary indexes, the job summaries and statuses, the table indexes and the record
// of changes in step with every row. Deterministic: nothing here reads a clock or chance. Used by
// the apply thread only. Job records are edited in place until finish(), since one batch often
// changes the counts of one job a thousand times.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/state/changes.h"
#include "server/state/tables.h"

namespace yurt::model {
class AllocUpdate;
}

namespace yurt::server {

class Transaction {
 public:
  Transaction(Tables& tables, Changes& changes) : tables_(tables), changes_(changes) {}

  // Starts the command at `index`, proposed at `time` (Unix nanoseconds); `kind` is its
  // model::Command::KindCase.
  void begin(std::uint64_t index, std::int64_t time, int kind = 0);
  [[nodiscard]] std::uint64_t index() const { return index_; }
  [[nodiscard]] std::int64_t time() const { return time_; }

  // Publishes the job records that were edited. Call once, last.
  void finish();

  // Lookups see this transaction's own changes. Null when absent.
  [[nodiscard]] AllocRef alloc(const AllocId& id) const;
  [[nodiscard]] NodeRef node(const NodeId& id) const;
  [[nodiscard]] EvalRef eval(const EvalId& id) const;
  [[nodiscard]] DeploymentRef deployment(const DeploymentId& id) const;
  [[nodiscard]] const JobRecord* job(const JobKey& key) const;
  [[nodiscard]] const Tables& tables() const { return tables_; }

  // Rows are stamped with modify (and, when new, create) index and time as they are put.
  void put_alloc(std::shared_ptr<Allocation> alloc);
  void remove_alloc(const AllocId& id);
  void put_eval(model::Evaluation eval);
  void remove_eval(const EvalId& id);
  void put_node(model::Node node);
  void remove_node(const NodeId& id);
  void put_deployment(model::Deployment deployment);
  void remove_deployment(const DeploymentId& id);
  // The record to change, created when absent; valid until the next call on this object.
  [[nodiscard]] JobRecord& edit_job(const JobKey& key);
  void remove_job(const JobKey& key);

  void put_node_pool(model::NodePool pool);
  void remove_node_pool(const std::string& name);
  void put_namespace(model::Namespace ns);
  void remove_namespace(const std::string& name);
  void put_scheduler_config(model::SchedulerConfiguration config);

  // Services that allocations offer. One that is put as it stands changes nothing.
  void put_service(model::ServiceRegistration service);
  void remove_service(const ServiceKey& key);
  void remove_services(const AllocId& alloc);

  // Lanes: children that wait for room among their parent's. Null when there is none.
  [[nodiscard]] const WaitingRow* waiting(const JobKey& child) const;
  [[nodiscard]] WaitingRef lane_head(const JobKey& parent) const;
  void put_waiting(const std::string& ns, std::shared_ptr<const WaitingRow> row);
  void remove_waiting(const JobKey& key);
  // A child that waited will not run: its token is free, and the history says that it was stopped.
  void drop_waiting_child(const JobKey& key);
  // Who carries an idempotency token; null for "" and for tokens nobody carries.
  [[nodiscard]] const TokenRow* token(const JobKey& parent, const std::string& token) const;
  void put_token(const JobKey& parent, const std::string& token, TokenRow row);
  void put_sweep(JobRef parent, SweepPlanRef plan, model::SweepRecord record);
  void put_trial(model::TrialRecord record);
  // Puts the sweep's trials into the lane, at the place of `create_index`.
  void queue_sweep(const JobRef& parent, const model::SweepRecord& sweep,
                   std::uint64_t create_index);
  void end_sweep(const SweepRef& sweep, const std::string& status, const std::string& description);
  void resume_sweep(const SweepRef& sweep);
  // What the tasks of a trial reported: kept with the trial; may end its sweep.
  void note_metrics(const JobKey& key, const model::AllocUpdate& update);
  // Marks a job as one that waits for others, or no longer.
  void hold(const JobKey& key, bool held);
  // Variables, named by namespace and path. put_variable() stamps a row with modify index and time
  // unless it is only sealed anew; create index and time stay.
  [[nodiscard]] SealedVariableRef variable(const JobKey& key) const;
  SealedVariableRef put_variable(const JobKey& key, model::SealedVariable variable);
  void reseal_variable(const JobKey& key, const model::SealedVariable& sealed);
  void remove_variable(const JobKey& key);
  void note_renewed_lock(const JobKey& key) { changes_.renewed_locks.push_back(key); }
  void put_root_key(model::RootKey key);
  void remove_root_key(const std::string& id);
  // Runs that ended before this moment (Unix nanoseconds) leave the history.
  void trim_runs(std::int64_t finished_before);
  // So do sweeps that ended before, with their trials; of very many, the first.
  void trim_sweeps(std::int64_t finished_before);

 private:
  void touch(Table table);
  void forget_token(const JobKey& key, const model::DispatchedChild& child);
  void forget_sweep(const SweepRow& sweep);
  // What waits in a job's lane goes with the job.
  void drop_lane(const JobKey& parent);
  // A child goes before its parent does.
  void leave_parent(const JobRecord& child);
  // The parent's record, if it is still the job that the child came from.
  [[nodiscard]] JobRecord* parent_of(const JobRecord& child);
  void move_child(const JobRecord& child, const std::string& before);
  void move_trial(const JobRecord& job);
  // A batch job has moved from status `before`.
  void settle_run(const std::string& before, JobRecord& record);
  void count_alloc(const Allocation& alloc, int by);
  void count_eval(const model::Evaluation& eval, int by);
  void count_deployment(const model::Deployment& deployment, int by);
  // The record being edited, if the job exists at all; for counts, which never create one.
  [[nodiscard]] JobRecord* counted_job(const JobKey& key);
  void settle_status(const JobKey& key, JobRecord& record);
  // Statuses follow after each command, so that they don't depend on how commands are batched.
  void settle_touched();
  // Marks where the current command's changes end.
  void close_command();

  struct Editing {
    std::shared_ptr<JobRecord> record;
    JobRecordRef before;
    JobRef told;              // as job_moves has it
    std::uint64_t index = 0;  // of the last command that touched it
  };

  Tables& tables_;
  Changes& changes_;
  std::uint64_t index_ = 0;
  std::int64_t time_ = 0;
  int kind_ = 0;
  std::unordered_map<JobKey, Editing> editing_;
  std::vector<JobKey> touched_;  // edited by the current command
};

// True for evaluations that still wait or run.
[[nodiscard]] bool is_live(const model::Evaluation& eval);
// True for deployments that may still move.
[[nodiscard]] bool is_live(const model::Deployment& deployment);

}  // namespace yurt::server
