// Snapshot: a consistent, immutable version of the state, cheap to take and to hold.
//
// Thread-safe to read from any number of threads; copying copies one pointer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/state_view.h"
#include "server/state/tables.h"

namespace yurt::server {

class Snapshot final : public scheduler::StateView {
 public:
  explicit Snapshot(std::shared_ptr<const Tables> tables) : tables_(std::move(tables)) {}

  [[nodiscard]] const Tables& tables() const { return *tables_; }

  [[nodiscard]] std::uint64_t index() const override { return tables_->index; }
  [[nodiscard]] JobRef job(const JobKey& key) const override;
  [[nodiscard]] JobRef job_version(const JobKey& key, std::uint64_t version) const override;
  [[nodiscard]] std::vector<AllocRef> allocs_of_job(const JobKey& key) const override;
  [[nodiscard]] std::vector<AllocRef> allocs_of_node(const NodeId& node) const override;
  [[nodiscard]] AllocRef alloc(const AllocId& id) const override;
  [[nodiscard]] NodeRef node(const NodeId& id) const override;
  [[nodiscard]] DeploymentRef latest_deployment(const JobKey& key) const override;
  [[nodiscard]] SchedulerConfigRef scheduler_config() const override;
  [[nodiscard]] NodePoolRef node_pool(const std::string& name) const override;

  [[nodiscard]] JobRecordRef job_record(const JobKey& key) const;
  [[nodiscard]] EvalRef eval(const EvalId& id) const;
  [[nodiscard]] DeploymentRef deployment(const DeploymentId& id) const;
  [[nodiscard]] std::vector<EvalRef> evals_of_job(const JobKey& key) const;
  [[nodiscard]] std::vector<DeploymentRef> deployments_of_job(const JobKey& key) const;
  // In the order of their IDs.
  [[nodiscard]] std::vector<ServiceRef> services_of_alloc(const AllocId& alloc) const;
  [[nodiscard]] std::vector<ServiceRef> services_named(const std::string& ns,
                                                       const std::string& name) const;
  // The node's name, "" when it is unknown.
  [[nodiscard]] std::string node_name(const NodeId& id) const;

 private:
  std::shared_ptr<const Tables> tables_;
};

}  // namespace yurt::server
