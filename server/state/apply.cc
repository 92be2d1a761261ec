#include "server/state/apply.h"

#include "proto/command.pb.h"

namespace yurt::server {
namespace {

Applied done(const Transaction& transaction) { return {.index = transaction.index()}; }

Result<Applied> upsert_evaluations(Transaction& transaction,
                                   const model::UpsertEvaluations& command) {
  for (const auto& eval : command.evaluations()) transaction.put_eval(eval);
  return done(transaction);
}

bool is_builtin_pool(const std::string& name) { return name == "default" || name == "all"; }

Result<Applied> upsert_node_pools(Transaction& transaction, const model::UpsertNodePools& command) {
  for (const auto& pool : command.pools()) {
    if (is_builtin_pool(pool.name())) {
      return Error{ErrorCode::invalid_argument,
                   "node pool \"" + pool.name() + "\" is built in and cannot be changed"};
    }
  }
  for (const auto& pool : command.pools()) transaction.put_node_pool(pool);
  return done(transaction);
}

Result<Applied> delete_node_pools(Transaction& transaction, const model::DeleteNodePools& command) {
  for (const std::string& name : command.names()) {
    if (is_builtin_pool(name)) {
      return Error{ErrorCode::invalid_argument,
                   "node pool \"" + name + "\" is built in and cannot be deleted"};
    }
    if (transaction.tables().node_pools.find(name) == nullptr) {
      return Error{ErrorCode::not_found, "node pool \"" + name + "\" not found"};
    }
    std::string user;
    transaction.tables().nodes.each([&](const NodeId&, const NodeRef& node) {
      if (node->node_pool() == name) user = "node " + node->name();
      return user.empty();
    });
    transaction.tables().jobs.each([&](const JobKey& key, const JobRecordRef& record) {
      if (user.empty() && record->job->node_pool() == name && !record->job->stop()) {
        user = "job " + key.id;
      }
      return user.empty();
    });
    if (!user.empty()) {
      return Error{ErrorCode::failed_precondition,
                   "node pool \"" + name + "\" is still used by " + user};
    }
  }
  for (const std::string& name : command.names()) transaction.remove_node_pool(name);
  return done(transaction);
}

Result<Applied> upsert_namespaces(Transaction& transaction,
                                  const model::UpsertNamespaces& command) {
  for (const auto& ns : command.namespaces()) transaction.put_namespace(ns);
  return done(transaction);
}

Result<Applied> delete_namespaces(Transaction& transaction,
                                  const model::DeleteNamespaces& command) {
  for (const std::string& name : command.names()) {
    if (name == "default") {
      return Error{ErrorCode::invalid_argument, "the default namespace cannot be deleted"};
    }
    if (transaction.tables().namespaces.find(name) == nullptr) {
      return Error{ErrorCode::not_found, "namespace \"" + name + "\" not found"};
    }
    bool used = false;
    transaction.tables().jobs.scan(JobKey{name, ""},
                                   [&](const JobKey& key, const JobRecordRef& record) {
                                     if (key.ns != name) return false;
                                     used = record->job->status() != "dead";
                                     return !used;
                                   });
    if (used) {
      return Error{ErrorCode::failed_precondition,
                   "namespace \"" + name + "\" has jobs that are not dead: stop them first"};
    }
    transaction.tables().variables.scan(JobKey{name, ""},
                                        [&](const JobKey& key, const SealedVariableRef&) {
                                          used = key.ns == name;
                                          return false;
                                        });
    if (used) {
      return Error{ErrorCode::failed_precondition,
                   "namespace \"" + name + "\" has variables: purge them first"};
    }
  }
  for (const std::string& name : command.names()) transaction.remove_namespace(name);
  return done(transaction);
}

Result<Applied> set_scheduler_configuration(Transaction& transaction,
                                            const model::SetSchedulerConfiguration& command) {
  if (command.cas()) {
    const auto& current = transaction.tables().scheduler_config;
    const std::uint64_t index = current ? current->modify_index() : 0;
    if (index != command.modify_index()) {
      return Error{ErrorCode::conflict,
                   "the scheduler configuration has changed since: its modify index is " +
                       std::to_string(index)};
    }
  }
  transaction.put_scheduler_config(command.configuration());
  return done(transaction);
}

}  // namespace

Result<Applied> apply(Transaction& transaction, const model::Command& command) {
  using Kind = model::Command::KindCase;
  switch (command.kind_case()) {
    case Kind::kRegisterJob: return apply(transaction, command.register_job());
    case Kind::kDeregisterJob: return apply(transaction, command.deregister_job());
    case Kind::kSetJobStability: return apply(transaction, command.set_job_stability());
    case Kind::kUpsertEvaluations:
      return upsert_evaluations(transaction, command.upsert_evaluations());
    case Kind::kApplyPlans: return apply(transaction, command.apply_plans());
    case Kind::kUpdateAllocsFromClient:
      return apply(transaction, command.update_allocs_from_client());
    case Kind::kUpdateAllocTransitions:
      return apply(transaction, command.update_alloc_transitions());
    case Kind::kRegisterNode: return apply(transaction, command.register_node());
    case Kind::kUpdateNodeStatus: return apply(transaction, command.update_node_status());
    case Kind::kUpdateNodeDrain: return apply(transaction, command.update_node_drain());
    case Kind::kUpdateNodeEligibility: return apply(transaction, command.update_node_eligibility());
    case Kind::kDeregisterNode: return apply(transaction, command.deregister_node());
    case Kind::kUpsertNodePools: return upsert_node_pools(transaction, command.upsert_node_pools());
    case Kind::kDeleteNodePools: return delete_node_pools(transaction, command.delete_node_pools());
    case Kind::kUpsertNamespaces:
      return upsert_namespaces(transaction, command.upsert_namespaces());
    case Kind::kDeleteNamespaces:
      return delete_namespaces(transaction, command.delete_namespaces());
    case Kind::kSetSchedulerConfiguration:
      return set_scheduler_configuration(transaction, command.set_scheduler_configuration());
    case Kind::kCollectGarbage: return apply(transaction, command.collect_garbage());
    case Kind::kUpdateDeploymentStatus:
      return apply(transaction, command.update_deployment_status());
    case Kind::kPromoteDeployment: return apply(transaction, command.promote_deployment());
    case Kind::kSetAllocHealth: return apply(transaction, command.set_alloc_health());
    case Kind::kTagJobVersion: return apply(transaction, command.tag_job_version());
    case Kind::kRecordScalingEvent: return apply(transaction, command.record_scaling_event());
    case Kind::kDispatchJob: return apply(transaction, command.dispatch_job());
    case Kind::kStartSweep: return apply(transaction, command.start_sweep());
    case Kind::kAdmitChildren: return apply(transaction, command.admit_children());
    case Kind::kSetSweepStatus: return apply(transaction, command.set_sweep_status());
    case Kind::kLaunchPeriodic: return apply(transaction, command.launch_periodic());
    case Kind::kRegisterJobs: return apply(transaction, command.register_jobs());
    case Kind::kReleaseJobs: return apply(transaction, command.release_jobs());
    case Kind::kTrimRuns: return apply(transaction, command.trim_runs());
    case Kind::kTrimSweeps: return apply(transaction, command.trim_sweeps());
    case Kind::kDeleteServices: return apply(transaction, command.delete_services());
    case Kind::kChangeVariables: return apply(transaction, command.change_variables());
    case Kind::kUpsertRootKeys: return apply(transaction, command.upsert_root_keys());
    case Kind::kRestoreState:
      // The store's business: it replaces the tables that a transaction changes.
      return Error{ErrorCode::internal, "a state is not restored within a transaction"};
    case Kind::KIND_NOT_SET: break;
  }
  return Error{ErrorCode::unimplemented, "this server is too old to know the command: upgrade it"};
}

}  // namespace yurt::server
