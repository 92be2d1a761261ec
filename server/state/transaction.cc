#include "server/state/transaction.h"

#include <algorithm>

#include "base/assert.h"
#include "proto/batch.pb.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::server {
namespace {

template <typename Row, typename Map, typename Key>
std::shared_ptr<const Row> row_at(const Map& map, const Key& key) {
  const auto* found = map.find(key);
  return found == nullptr ? nullptr : *found;
}

}  // namespace

bool is_live(const model::Evaluation& eval) {
  return eval.status() == "pending" || eval.status() == "blocked";
}

bool is_live(const model::Deployment& deployment) {
  const std::string& status = deployment.status();
  return status != "failed" && status != "successful" && status != "cancelled";
}

void Transaction::begin(std::uint64_t index, std::int64_t time, int kind) {
  YURT_ASSERT(index > index_);
  settle_touched();
  close_command();
  kind_ = kind;
  index_ = index;
  time_ = time;
  tables_.index = index;
}

void Transaction::close_command() {
  if (index_ == 0) return;
  const auto end = [](const auto& list) { return static_cast<std::uint32_t>(list.size()); };
  changes_.commands.push_back({.index = index_,
                               .kind = kind_,
                               .allocs = end(changes_.allocs),
                               .nodes = end(changes_.nodes),
                               .evals = end(changes_.evals),
                               .jobs = end(changes_.job_moves),
                               .deployments = end(changes_.deployments),
                               .services = end(changes_.services),
                               .node_pools = end(changes_.node_pools),
                               .variables = end(changes_.variables)});
}

void Transaction::touch(Table table) {
  tables_.table_index[static_cast<std::size_t>(table)] = index_;
}

AllocRef Transaction::alloc(const AllocId& id) const {
  return row_at<Allocation>(tables_.allocs, id);
}
NodeRef Transaction::node(const NodeId& id) const { return row_at<model::Node>(tables_.nodes, id); }
EvalRef Transaction::eval(const EvalId& id) const {
  return row_at<model::Evaluation>(tables_.evals, id);
}
DeploymentRef Transaction::deployment(const DeploymentId& id) const {
  return row_at<model::Deployment>(tables_.deployments, id);
}

const JobRecord* Transaction::job(const JobKey& key) const {
  const auto editing = editing_.find(key);
  if (editing != editing_.end()) return editing->second.record.get();
  const auto* found = tables_.jobs.find(key);
  return found == nullptr ? nullptr : found->get();
}

// --- Jobs

JobRecord& Transaction::edit_job(const JobKey& key) {
  auto [at, added] = editing_.try_emplace(key);
  Editing& editing = at->second;
  if (!editing.record) {
    editing.before = row_at<JobRecord>(tables_.jobs, key);
    editing.record = editing.before ? std::make_shared<JobRecord>(*editing.before)
                                    : std::make_shared<JobRecord>();
    editing.told = editing.record->job;
  }
  if (editing.index != index_) touched_.push_back(key);
  editing.index = index_;
  return *editing.record;
}

void Transaction::settle_touched() {
  // Settling a child touches its parent.
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    const JobKey key = touched_[i];
    const auto editing = editing_.find(key);
    if (editing != editing_.end() && editing->second.record->job) {
      settle_status(key, *editing->second.record);
      if (editing->second.told != editing->second.record->job) {
        changes_.job_moves.push_back({editing->second.told, editing->second.record->job});
        editing->second.told = editing->second.record->job;
      }
    }
  }
  touched_.clear();
}

void Transaction::remove_job(const JobKey& key) {
  if (job(key) == nullptr) return;
  drop_lane(key);
  const std::shared_ptr<const JobRecord> last =
      editing_.contains(key) ? editing_.at(key).record : row_at<JobRecord>(tables_.jobs, key);
  editing_.erase(key);
  changes_.job_moves.push_back({last->job, nullptr});
  hold(key, false);
  if (last->child) leave_parent(*last);
  const auto before = row_at<JobRecord>(tables_.jobs, key);
  for (const JobRef& version : last->versions) {
    const bool stored = before && !last->child &&
                        std::find(before->versions.begin(), before->versions.end(), version) !=
                            before->versions.end();
    if (!stored) changes_.orphaned_versions.push_back(version);
  }
  touch(Table::jobs);
  if (!before) return;
  tables_.jobs.erase(key);
  changes_.jobs.push_back({before, nullptr});
}

JobRecord* Transaction::counted_job(const JobKey& key) {
  return job(key) == nullptr ? nullptr : &edit_job(key);
}

void Transaction::settle_status(const JobKey& key, JobRecord& record) {
  const model::Job& job = *record.job;
  std::string status;
  const bool always_runs = job.has_periodic() || (job.has_parameterized() && !job.dispatched()) ||
                           job.type() == "system";
  if (!job.stop() && always_runs) {
    status = "running";
  } else if (record.live_allocs > 0 || (record.live_deployments > 0 && !job.stop())) {
    status = "running";
  } else if (record.live_evals > 0 || !record.waiting_for.empty() ||
             (!record.had_work && !job.stop())) {
    status = "pending";
  } else {
    status = "dead";
  }
  if (status == job.status()) return;
  auto changed = std::make_shared<model::Job>(job);
  changed->set_status(status);
  changed->set_modify_index(editing_.at(key).index);
  const std::string before = job.status();
  record.job = changed;
  YURT_ASSERT(!record.versions.empty());
  record.versions.front() = record.job;
  settle_run(before, record);
}

void Transaction::finish() {
  settle_touched();
  close_command();
  // Sorted, so that every replica records the same changes in the same order.
  std::vector<JobKey> keys;
  keys.reserve(editing_.size());
  for (const auto& [key, editing] : editing_) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  for (const JobKey& key : keys) {
    Editing& editing = editing_.at(key);
    if (!editing.record->job) continue;  // only counted, never registered
    JobRecordRef after = std::move(editing.record);
    tables_.jobs.set(key, after);
    changes_.jobs.push_back({editing.before, after});
    touch(Table::jobs);
  }
  editing_.clear();
}

// --- Allocations

void Transaction::count_alloc(const Allocation& alloc, int by) {
  JobRecord* record = counted_job({alloc.job->namespace_(), alloc.job->id()});
  // An allocation of an earlier job of the same name doesn't count for the new one.
  if (record == nullptr || record->job == nullptr ||
      record->job->create_index() != alloc.job->create_index()) {
    return;
  }
  record->had_work = true;
  if (!alloc.terminal()) record->live_allocs += by;
  record->groups[alloc.task_group().name()]
      .by_client_status[static_cast<std::size_t>(alloc.client)] += by;
  record->summary_modify_index = index_;
}

void Transaction::put_alloc(std::shared_ptr<Allocation> alloc) {
  const AllocRef before = this->alloc(alloc->id);
  alloc->modify_index = index_;
  alloc->modify_time = time_;
  if (!before) {
    alloc->create_index = index_;
    alloc->create_time = time_;
  }
  AllocRef after = std::move(alloc);
  tables_.allocs.set(after->id, after);
  tables_.allocs_by_node.set({after->node, after->id}, after);
  tables_.allocs_by_job.set({job_hash(after->job->namespace_(), after->job->id()), after->id},
                            after);
  // Nobody reaches what has ended, or what nobody hears of.
  const auto gone = [](const Allocation& one) {
    return one.client_terminal() || one.client == ClientStatus::unknown;
  };
  if (gone(*after) && before && !gone(*before)) remove_services(after->id);
  const bool counts_move = !before || before->client != after->client ||
                           before->desired != after->desired || before->group != after->group;
  if (counts_move) {
    if (before) count_alloc(*before, -1);
    count_alloc(*after, 1);
  }
  changes_.allocs.push_back({before, after});
  touch(Table::allocs);
}

void Transaction::remove_alloc(const AllocId& id) {
  const AllocRef before = alloc(id);
  if (!before) return;
  remove_services(id);
  tables_.allocs.erase(id);
  tables_.allocs_by_node.erase({before->node, id});
  tables_.allocs_by_job.erase({job_hash(before->job->namespace_(), before->job->id()), id});
  // The summary of a job keeps counting what was collected, as users expect of "complete: 40".
  if (!before->terminal()) count_alloc(*before, -1);
  changes_.allocs.push_back({before, nullptr});
  touch(Table::allocs);
}

// --- Evaluations

void Transaction::count_eval(const model::Evaluation& eval, int by) {
  JobRecord* record = counted_job({eval.namespace_(), eval.job_id()});
  if (record == nullptr) return;
  record->had_work = true;
  if (is_live(eval)) record->live_evals += by;
}

void Transaction::put_eval(model::Evaluation eval) {
  const auto id = EvalId::parse_or_nil(eval.id());
  YURT_ASSERT(!id.is_nil());
  const EvalRef before = this->eval(id);
  eval.set_modify_index(index_);
  eval.set_modify_time(time_);
  eval.set_create_index(before ? before->create_index() : index_);
  eval.set_create_time(before ? before->create_time() : time_);
  auto after = std::make_shared<const model::Evaluation>(std::move(eval));
  tables_.evals.set(id, after);
  tables_.evals_by_job.set({job_hash(after->namespace_(), after->job_id()), id}, after);
  if (before) count_eval(*before, -1);
  count_eval(*after, 1);
  if (!after->queued_allocations().empty()) {
    if (JobRecord* record = counted_job({after->namespace_(), after->job_id()})) {
      for (const auto& [group, queued] : after->queued_allocations()) {
        record->groups[group].queued = queued;
      }
      record->summary_modify_index = index_;
    }
  }
  changes_.evals.push_back({before, after});
  touch(Table::evals);
}

void Transaction::remove_eval(const EvalId& id) {
  const EvalRef before = eval(id);
  if (!before) return;
  tables_.evals.erase(id);
  tables_.evals_by_job.erase({job_hash(before->namespace_(), before->job_id()), id});
  count_eval(*before, -1);
  changes_.evals.push_back({before, nullptr});
  touch(Table::evals);
}

// --- Nodes

void Transaction::put_node(model::Node node) {
  const auto id = NodeId::parse_or_nil(node.id());
  YURT_ASSERT(!id.is_nil());
  const NodeRef before = this->node(id);
  node.set_modify_index(index_);
  node.set_create_index(before ? before->create_index() : index_);
  auto after = std::make_shared<const model::Node>(std::move(node));
  tables_.nodes.set(id, after);
  changes_.nodes.push_back({before, after});
  touch(Table::nodes);
}

void Transaction::remove_node(const NodeId& id) {
  const NodeRef before = node(id);
  if (!before) return;
  tables_.nodes.erase(id);
  changes_.nodes.push_back({before, nullptr});
  touch(Table::nodes);
}

// --- Deployments

void Transaction::count_deployment(const model::Deployment& deployment, int by) {
  if (!is_live(deployment)) return;
  JobRecord* record = counted_job({deployment.namespace_(), deployment.job_id()});
  if (record != nullptr) record->live_deployments += by;
}

void Transaction::put_deployment(model::Deployment deployment) {
  const auto id = DeploymentId::parse_or_nil(deployment.id());
  YURT_ASSERT(!id.is_nil());
  const DeploymentRef before = this->deployment(id);
  deployment.set_modify_index(index_);
  deployment.set_modify_time(time_);
  deployment.set_create_index(before ? before->create_index() : index_);
  deployment.set_create_time(before ? before->create_time() : time_);
  auto after = std::make_shared<const model::Deployment>(std::move(deployment));
  tables_.deployments.set(id, after);
  tables_.deployments_by_job.set(
      {job_hash(after->namespace_(), after->job_id()), after->create_index()}, after);
  if (before) count_deployment(*before, -1);
  count_deployment(*after, 1);
  changes_.deployments.push_back({before, after});
  touch(Table::deployments);
}

void Transaction::remove_deployment(const DeploymentId& id) {
  const DeploymentRef before = deployment(id);
  if (!before) return;
  tables_.deployments.erase(id);
  tables_.deployments_by_job.erase(
      {job_hash(before->namespace_(), before->job_id()), before->create_index()});
  count_deployment(*before, -1);
  changes_.deployments.push_back({before, nullptr});
  touch(Table::deployments);
}

// --- The rest

void Transaction::put_node_pool(model::NodePool pool) {
  const auto before = row_at<model::NodePool>(tables_.node_pools, pool.name());
  pool.set_modify_index(index_);
  pool.set_create_index(before ? before->create_index() : index_);
  auto after = std::make_shared<const model::NodePool>(std::move(pool));
  tables_.node_pools.set(after->name(), after);
  changes_.node_pools.push_back(after);
  touch(Table::node_pools);
}

void Transaction::remove_node_pool(const std::string& name) {
  if (!tables_.node_pools.erase(name)) return;
  changes_.deleted_node_pools.push_back(name);
  touch(Table::node_pools);
}

void Transaction::put_namespace(model::Namespace ns) {
  const auto before = row_at<model::Namespace>(tables_.namespaces, ns.name());
  ns.set_modify_index(index_);
  ns.set_create_index(before ? before->create_index() : index_);
  auto after = std::make_shared<const model::Namespace>(std::move(ns));
  tables_.namespaces.set(after->name(), after);
  changes_.namespaces.push_back(after);
  touch(Table::namespaces);
}

void Transaction::remove_namespace(const std::string& name) {
  if (!tables_.namespaces.erase(name)) return;
  changes_.deleted_namespaces.push_back(name);
  touch(Table::namespaces);
}

void Transaction::put_scheduler_config(model::SchedulerConfiguration config) {
  config.set_modify_index(index_);
  config.set_create_index(tables_.scheduler_config && tables_.scheduler_config->create_index() != 0
                              ? tables_.scheduler_config->create_index()
                              : index_);
  tables_.scheduler_config =
      std::make_shared<const model::SchedulerConfiguration>(std::move(config));
  changes_.scheduler_config = tables_.scheduler_config;
  touch(Table::scheduler_config);
}

}  // namespace yurt::server
