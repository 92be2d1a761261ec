// StateView: what the scheduler may read of the cluster, one consistent version of it.
//
// Implemented by the server's snapshots and by tests. Immutable while a scheduling run lasts;
// callable from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "proto/allocation.h"

namespace yurt::model {
class Node;
class Deployment;
class SchedulerConfiguration;
class NodePool;
}  // namespace yurt::model

namespace yurt::scheduler {

using NodeRef = std::shared_ptr<const model::Node>;
using DeploymentRef = std::shared_ptr<const model::Deployment>;

class StateView {
 public:
  virtual ~StateView() = default;

  // The Raft index this version reflects.
  [[nodiscard]] virtual std::uint64_t index() const = 0;
  // The newest version of a job, stopped or not; null when there is none.
  [[nodiscard]] virtual JobRef job(const JobKey& key) const = 0;
  // One version of it, if it is still kept.
  [[nodiscard]] virtual JobRef job_version(const JobKey& key, std::uint64_t version) const = 0;
  // Every allocation of the job that is still known, terminal ones included, in order of ID.
  [[nodiscard]] virtual std::vector<AllocRef> allocs_of_job(const JobKey& key) const = 0;
  [[nodiscard]] virtual std::vector<AllocRef> allocs_of_node(const NodeId& node) const = 0;
  [[nodiscard]] virtual AllocRef alloc(const AllocId& id) const = 0;
  // Null when the node is unknown (purged).
  [[nodiscard]] virtual NodeRef node(const NodeId& id) const = 0;
  // The job's newest deployment, active or not; null when it never had one.
  [[nodiscard]] virtual DeploymentRef latest_deployment(const JobKey& key) const = 0;
  [[nodiscard]] virtual std::shared_ptr<const model::SchedulerConfiguration> scheduler_config()
      const = 0;
  [[nodiscard]] virtual std::shared_ptr<const model::NodePool> node_pool(
      const std::string& name) const = 0;
};

}  // namespace yurt::scheduler
