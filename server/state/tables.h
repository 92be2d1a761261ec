// Tables: the whole live state as one value. Copying it is a snapshot (a pointer per table).
//
// Thread-safety: as PersistentMap's. Rows are immutable; a changed row is a new object.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "proto/allocation.h"
#include "server/state/batch_tables.h"
#include "server/state/persistent_map.h"

namespace yurt::model {
class Node;
class Evaluation;
class Deployment;
class NodePool;
class Namespace;
class SchedulerConfiguration;
class JobSubmission;
class ScalingEvent;
class After;
class ServiceRegistration;
class SealedVariable;
class RootKey;
}  // namespace yurt::model

namespace yurt::server {

using NodeRef = std::shared_ptr<const model::Node>;
using EvalRef = std::shared_ptr<const model::Evaluation>;
using DeploymentRef = std::shared_ptr<const model::Deployment>;
using NodePoolRef = std::shared_ptr<const model::NodePool>;
using NamespaceRef = std::shared_ptr<const model::Namespace>;
using SchedulerConfigRef = std::shared_ptr<const model::SchedulerConfiguration>;
using SubmissionRef = std::shared_ptr<const model::JobSubmission>;
using ServiceRef = std::shared_ptr<const model::ServiceRegistration>;
using SealedVariableRef = std::shared_ptr<const model::SealedVariable>;
using RootKeyRef = std::shared_ptr<const model::RootKey>;
using ScalingEventRef = std::shared_ptr<const model::ScalingEvent>;

// Allocations of one group by client status. queued comes from the scheduler's last evaluation.
struct GroupCounts {
  std::int32_t queued = 0;
  std::array<std::int32_t, 6> by_client_status{};  // indexed by ClientStatus

  bool operator==(const GroupCounts&) const = default;
};

// Children by status; those that wait in the lane are no jobs yet and are counted apart.
struct ChildCounts {
  std::int64_t pending = 0, running = 0, dead = 0, waiting = 0;
};

struct JobRecord {
  JobRef job;                    // the current version, with status and indexes
  std::vector<JobRef> versions;  // newest first; versions.front() has the current specification
  std::map<std::uint64_t, SubmissionRef> submissions;  // by version
  std::map<std::string, GroupCounts> groups;           // the summary
  ChildCounts children;
  std::uint64_t summary_modify_index = 0;
  std::map<std::string, std::vector<ScalingEventRef>> scaling_events;  // by group, newest first
  ChildRef child;       // of a dispatched or periodic child: what it has that its parent hasn't
  std::string outcome;  // of a dead batch job: complete | failed | stopped
  std::int64_t last_launch = 0;  // of a periodic job, Unix nanoseconds
  std::vector<std::shared_ptr<const model::After>> waiting_for;  // not evaluated before these end

  // What the job's status follows from; counted, not stored.
  std::int64_t live_allocs = 0;       // neither server- nor client-terminal
  std::int64_t live_evals = 0;        // pending or blocked
  std::int64_t live_deployments = 0;  // running, paused, pending, initializing or blocked
  bool had_work = false;              // some evaluation or allocation has existed
};
using JobRecordRef = std::shared_ptr<const JobRecord>;

// Keys of the secondary indexes. A job is named by a 64-bit hash there; readers compare the row.
struct JobAllocKey {
  std::uint64_t job_hash = 0;
  AllocId alloc;
  auto operator<=>(const JobAllocKey&) const = default;
};
struct NodeAllocKey {
  NodeId node;
  AllocId alloc;
  auto operator<=>(const NodeAllocKey&) const = default;
};
struct JobEvalKey {
  std::uint64_t job_hash = 0;
  EvalId eval;
  auto operator<=>(const JobEvalKey&) const = default;
};
struct JobDeploymentKey {
  std::uint64_t job_hash = 0;
  std::uint64_t create_index = 0;
  auto operator<=>(const JobDeploymentKey&) const = default;
};
// Services of one name lie together, in the order in which they are listed.
struct ServiceKey {
  std::string ns, name, id;
  auto operator<=>(const ServiceKey&) const = default;
};
struct AllocServiceKey {
  AllocId alloc;
  std::string id;
  auto operator<=>(const AllocServiceKey&) const = default;
};

// FNV-1a over namespace and ID; the same on every server.
[[nodiscard]] std::uint64_t job_hash(const std::string& ns, const std::string& id);
[[nodiscard]] inline std::uint64_t job_hash(const JobKey& key) { return job_hash(key.ns, key.id); }

// The tables whose last change is told apart, for blocking queries.
enum class Table : std::uint8_t {
  jobs,
  evals,
  allocs,
  nodes,
  deployments,
  node_pools,
  namespaces,
  scheduler_config,
  sweeps,
  services,
  variables,
  root_keys,
  count
};

// The value of a map that is a set.
struct Present {};

struct Tables {
  std::uint64_t index = 0;  // of the newest command applied
  // How far `index` is ahead of the log's: a restored state may come from a longer history, and an
  // index that clients have seen never comes again.
  std::uint64_t index_offset = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(Table::count)> table_index{};

  PersistentMap<JobKey, JobRecordRef> jobs;
  PersistentMap<NodeId, NodeRef> nodes;
  PersistentMap<EvalId, EvalRef> evals;
  PersistentMap<AllocId, AllocRef> allocs;
  PersistentMap<DeploymentId, DeploymentRef> deployments;
  PersistentMap<std::string, NodePoolRef> node_pools;
  PersistentMap<std::string, NamespaceRef> namespaces;
  SchedulerConfigRef scheduler_config;

  PersistentMap<LaneKey, WaitingRef> lanes;
  PersistentMap<JobKey, WaitingRef> waiting;  // by namespace and child (or sweep)
  PersistentMap<TokenKey, TokenRow> tokens;
  PersistentMap<JobKey, SweepRef> sweeps;  // by namespace and ID
  PersistentMap<TrialKey, TrialRef> trials;
  PersistentMap<JobKey, Present> held;  // jobs that wait for others

  PersistentMap<ServiceKey, ServiceRef> services;
  PersistentMap<JobKey, SealedVariableRef> variables;  // by namespace and path
  PersistentMap<std::string, RootKeyRef> root_keys;    // by ID

  PersistentMap<JobAllocKey, AllocRef> allocs_by_job;
  PersistentMap<NodeAllocKey, AllocRef> allocs_by_node;
  PersistentMap<JobEvalKey, EvalRef> evals_by_job;
  PersistentMap<JobDeploymentKey, DeploymentRef> deployments_by_job;
  PersistentMap<AllocServiceKey, ServiceRef> services_by_alloc;

  [[nodiscard]] std::uint64_t index_of(Table table) const {
    return table_index[static_cast<std::size_t>(table)];
  }
};

}  // namespace yurt::server
