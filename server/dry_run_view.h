// DryRunView: the state as it would be right after a job was registered, for planning without
// changing anything. Lives as long as the snapshot it is made from is held; thread-safe to read.
#pragma once

#include "server/state/snapshot.h"

namespace yurt::server {

class DryRunView final : public scheduler::StateView {
 public:
  DryRunView(Snapshot state, const model::Job& job);

  // The job with the version and indexes it would get.
  [[nodiscard]] const JobRef& registered() const { return registered_; }

  [[nodiscard]] std::uint64_t index() const override { return state_.index() + 1; }
  [[nodiscard]] JobRef job(const JobKey& key) const override;
  [[nodiscard]] JobRef job_version(const JobKey& key, std::uint64_t version) const override;
  [[nodiscard]] std::vector<AllocRef> allocs_of_job(const JobKey& key) const override {
    return state_.allocs_of_job(key);
  }
  [[nodiscard]] std::vector<AllocRef> allocs_of_node(const NodeId& node) const override {
    return state_.allocs_of_node(node);
  }
  [[nodiscard]] AllocRef alloc(const AllocId& id) const override { return state_.alloc(id); }
  [[nodiscard]] NodeRef node(const NodeId& id) const override { return state_.node(id); }
  [[nodiscard]] DeploymentRef latest_deployment(const JobKey& key) const override {
    return state_.latest_deployment(key);
  }
  [[nodiscard]] SchedulerConfigRef scheduler_config() const override {
    return state_.scheduler_config();
  }
  [[nodiscard]] NodePoolRef node_pool(const std::string& name) const override {
    return state_.node_pool(name);
  }

 private:
  Snapshot state_;
  JobKey key_;
  JobRef registered_;
};

}  // namespace yurt::server
