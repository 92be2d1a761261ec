// ClusterModel: a whole cluster's state in memory, for tests: nodes, job versions, allocations and
// deployments, with the effects that committed plans and agents' reports have on them.
//
// It is the scheduler's StateView, keeps a scheduler's and a verifier's ClusterView up to date
// change by change, and gives out IDs and times from a seed, so that a test replays exactly.
// Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "scheduler/scheduler.h"
#include "scheduler/verify.h"
#include "tests/support/cluster/builders.h"

namespace yurt::test {

class ClusterModel final : public scheduler::StateView {
 public:
  explicit ClusterModel(std::uint64_t seed = 1);

  // --- what users, agents and time do
  // A node without ID gets one; a known one is replaced.
  NodeId put_node(model::Node node);
  NodeId put_node(const NodeBuilder& node) { return put_node(node.build()); }
  void set_node_status(const NodeId& id, const std::string& status);
  void set_eligible(const NodeId& id, bool eligible);
  void remove_node(const NodeId& id);
  // A new version when the job exists; version and indexes are set here.
  JobRef put_job(model::Job job);
  JobRef put_job(const JobBuilder& job) { return put_job(job.build()); }
  void stop_job(const std::string& id);
  void purge_job(const std::string& id);
  void advance(std::int64_t by_ns) { now_ns_ += by_ns; }
  // The agent's report: `finished_at` and `started_at` are set as the status says.
  void report(const AllocId& id, ClientStatus status);
  void report_health(const AllocId& id, bool healthy);
  // Any other change of an allocation.
  void edit(const AllocId& id, const std::function<void(AllocEdit&)>& change);
  void edit_deployment(const std::string& job,
                       const std::function<void(model::Deployment&)>& change);
  void set_config(model::SchedulerConfiguration config);
  void put_pool(model::NodePool pool);
  // Inserts an allocation as it is.
  void put_alloc(AllocRef alloc);

  // --- scheduling
  [[nodiscard]] model::Evaluation evaluation(const std::string& job);
  [[nodiscard]] scheduler::Outcome schedule(const model::Evaluation& evaluation);
  [[nodiscard]] scheduler::Outcome schedule(const std::string& job) {
    return schedule(evaluation(job));
  }
  // Commits a plan as the server would.
  void apply(const scheduler::Plan& plan);
  // schedule, and apply what it wants.
  scheduler::Outcome run(const model::Evaluation& evaluation);
  scheduler::Outcome run(const std::string& job) { return run(evaluation(job)); }

  // --- what tests look at
  // Allocations of the job that are desired to run and have not ended, by name.
  [[nodiscard]] std::vector<AllocRef> running(const std::string& job) const;
  [[nodiscard]] std::vector<AllocRef> all(const std::string& job) const;
  [[nodiscard]] std::vector<scheduler::NodeRef> nodes() const;
  [[nodiscard]] std::vector<AllocRef> allocs() const;
  [[nodiscard]] std::int64_t now_ns() const { return now_ns_; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] scheduler::ClusterView& scheduler_view() { return scheduler_view_; }
  [[nodiscard]] scheduler::ClusterView& verifier_view() { return verifier_view_; }
  // Both views compared with a recount; "" when they are right.
  [[nodiscard]] std::string view_error() const;

  // --- StateView
  [[nodiscard]] std::uint64_t index() const override { return index_; }
  [[nodiscard]] JobRef job(const JobKey& key) const override;
  [[nodiscard]] JobRef job_version(const JobKey& key, std::uint64_t version) const override;
  [[nodiscard]] std::vector<AllocRef> allocs_of_job(const JobKey& key) const override;
  [[nodiscard]] std::vector<AllocRef> allocs_of_node(const NodeId& node) const override;
  [[nodiscard]] AllocRef alloc(const AllocId& id) const override;
  [[nodiscard]] scheduler::NodeRef node(const NodeId& id) const override;
  [[nodiscard]] scheduler::DeploymentRef latest_deployment(const JobKey& key) const override;
  [[nodiscard]] std::shared_ptr<const model::SchedulerConfiguration> scheduler_config()
      const override;
  [[nodiscard]] std::shared_ptr<const model::NodePool> node_pool(
      const std::string& name) const override;

 private:
  void replace(const AllocId& id, AllocRef after);
  void count_in_deployment(const Allocation& before, const Allocation& after);

  SeededRandom random_;
  std::uint64_t index_ = 1;
  std::int64_t now_ns_;
  std::map<NodeId, scheduler::NodeRef> nodes_;
  std::map<JobKey, std::vector<JobRef>> jobs_;  // all versions, oldest first
  std::map<AllocId, AllocRef> allocs_;
  std::map<JobKey, std::map<AllocId, AllocRef>> by_job_;
  std::map<NodeId, std::map<AllocId, AllocRef>> by_node_;
  std::map<JobKey, std::shared_ptr<model::Deployment>> deployments_;
  std::shared_ptr<const model::SchedulerConfiguration> config_;
  std::map<std::string, std::shared_ptr<const model::NodePool>> pools_;
  scheduler::ClusterView scheduler_view_{scheduler::Counting::until_client_terminal};
  scheduler::ClusterView verifier_view_{scheduler::Counting::until_server_terminal};
};

}  // namespace yurt::test
