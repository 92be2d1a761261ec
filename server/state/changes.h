// Changes: what one applied batch of commands changed, told to everything that follows the state
// (scheduling views, agent streams, brokers, blocking queries). Immutable once published.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "server/state/tables.h"

namespace yurt::model {
class RunRecord;
}

namespace yurt::server {

struct AllocChange {
  AllocRef before;  // null: new
  AllocRef after;   // null: removed
};
struct NodeChange {
  NodeRef before, after;
};
struct EvalChange {
  EvalRef before, after;
};
struct JobChange {
  JobRecordRef before, after;
};
struct DeploymentChange {
  DeploymentRef before, after;
};
struct ServiceChange {
  ServiceRef before, after;
};

struct WaitingChange {
  std::string ns;
  WaitingRef before, after;
};

struct SealedVariableChange {
  JobKey key;  // namespace and path
  SealedVariableRef before, after;
};
struct RootKeyChange {
  std::string id;
  RootKeyRef after;  // null: removed
};

// A job as one command left it; null: absent.
struct JobMove {
  JobRef before, after;
};

// One command of the batch: where its own changes end in the lists of Changes; they begin where
// those of the command before end.
struct CommandRange {
  std::uint64_t index = 0;
  std::int32_t kind = 0;  // model::Command::KindCase
  std::uint32_t allocs = 0, nodes = 0, evals = 0, jobs = 0, deployments = 0, services = 0;
  std::uint32_t node_pools = 0, variables = 0;
};

struct ForgottenSweep {
  JobKey key;
  std::vector<std::uint32_t> trials;
};

struct Changes {
  std::uint64_t index = 0;  // of the last command of the batch
  // The whole state is another one: what follows it must start anew from a snapshot.
  bool replaced = false;
  std::vector<AllocChange> allocs;
  std::vector<NodeChange> nodes;
  std::vector<EvalChange> evals;
  std::vector<JobChange> jobs;
  std::vector<DeploymentChange> deployments;
  std::vector<ServiceChange> services;
  std::vector<JobMove> job_moves;  // for each command, what `jobs` tells of all together
  std::vector<CommandRange> commands;
  std::vector<NodePoolRef> node_pools;
  std::vector<std::string> deleted_node_pools;
  std::vector<NamespaceRef> namespaces;
  std::vector<std::string> deleted_namespaces;
  SchedulerConfigRef scheduler_config;  // null: unchanged
  // Of removed jobs: allocations that outlive them still refer to these.
  std::vector<JobRef> orphaned_versions;
  std::vector<WaitingChange> waiting;
  std::vector<SweepRef> sweeps;
  std::vector<TrialRef> trials;
  std::vector<ForgottenSweep> forgotten_sweeps;
  std::vector<std::shared_ptr<const model::RunRecord>> runs;
  std::vector<SealedVariableChange> variables;
  std::vector<JobKey> renewed_locks;  // of variables
  std::vector<RootKeyChange> root_keys;
  std::int64_t trim_runs_before = 0;  // Unix nanoseconds; runs that ended earlier are dropped
};
using ChangesRef = std::shared_ptr<const Changes>;

// Told on the apply thread, in order, after the batch is visible in snapshots. Must be quick.
class ChangeListener {
 public:
  virtual ~ChangeListener() = default;
  virtual void on_changes(const ChangesRef& changes) = 0;
};

}  // namespace yurt::server
