// Releases on a state of its own, with everything but clocks, sockets and tasks: commands applied,
// the real scheduler's plans, the leader's eye on deployments, and an agent that reports what a
// release is worth. An instance whose environment says GOOD=no never becomes healthy.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "scheduler/computed_class.h"
#include "scheduler/scheduler.h"
#include "server/broker/plan_encode.h"
#include "server/leader/deployment_watcher.h"
#include "server/revert.h"
#include "tests/support/cluster/builders.h"
#include "tests/unit/server/state_fixture.h"

namespace yurt::server {

class Releases {
 public:
  using NodeBuilder = test::NodeBuilder;
  using JobBuilder = test::JobBuilder;

  // Nodes with room for one instance each.
  explicit Releases(int nodes) {
    for (int i = 0; i < nodes; ++i) {
      NodeBuilder node;
      node.name("n" + std::to_string(i)).cpu(600).memory(300);
      node.id(NodeId::generate(random_).to_string());
      node.edit().set_computed_class(scheduler::computed_class(node.build()));
      EXPECT_TRUE(state_.register_node(node.build()).ok());
    }
  }

  static JobKey key() { return {"default", "job"}; }
  [[nodiscard]] Snapshot now() const { return state_.snapshot(); }
  [[nodiscard]] DeploymentRef deployment() const { return now().latest_deployment(key()); }
  [[nodiscard]] std::string status() const {
    return deployment()->status() + ": " + deployment()->status_description();
  }
  [[nodiscard]] model::DeploymentState group() const {
    return deployment()->task_groups().at("web");
  }
  [[nodiscard]] std::uint64_t version() const { return now().job(key())->version(); }

  Result<Applied> apply(model::Command command) {
    command.set_time(now_ns_);
    return state_.apply(command);
  }
  void register_job(const model::Job& job) {
    model::Command command;
    *command.mutable_register_job()->mutable_job() = job;
    EXPECT_TRUE(apply(std::move(command)).ok());
  }
  // The next version, good or not, of a job that is otherwise as `shape` says.
  void release(JobBuilder shape, bool good) {
    register_job(
        shape.env("RELEASE", std::to_string(++releases_)).env("GOOD", good ? "yes" : "no").build());
  }
  void go_back_to(std::uint64_t version) {
    const JobRef target = now().job_version(key(), version);
    if (!target || version == this->version()) return;
    model::Command command;
    *command.mutable_register_job() = revert_to(*now().job_record(key()), *target);
    EXPECT_TRUE(apply(std::move(command)).ok());
  }
  Result<Applied> promote() {
    model::Command command;
    command.mutable_promote_deployment()->set_deployment_id(
        DeploymentId::parse_or_nil(deployment()->id()).to_bytes());
    command.mutable_promote_deployment()->set_all(true);
    return apply(std::move(command));
  }
  Result<Applied> move(const std::string& status) {
    model::Command command;
    auto* update = command.mutable_update_deployment_status()->mutable_update();
    update->set_deployment_id(DeploymentId::parse_or_nil(deployment()->id()).to_bytes());
    update->set_status(status);
    return apply(std::move(command));
  }
  void pass(std::int64_t seconds) { now_ns_ += seconds * nanoseconds_per_second; }

  // One run of the scheduler, whose plan is committed.
  void schedule() {
    const Snapshot state = now();
    scheduler::ClusterView view(scheduler::Counting::until_client_terminal);
    state.tables().nodes.each([&](const NodeId&, const NodeRef& node) {
      view.upsert_node(node);
      return true;
    });
    for (const AllocRef& alloc : allocs()) view.apply_change(nullptr, alloc.get());
    model::Evaluation eval;
    eval.set_id(EvalId::generate(random_).to_string());
    eval.set_namespace_("default");
    eval.set_job_id("job");
    eval.set_type("service");
    eval.set_priority(50);
    const auto outcome = scheduler::schedule({eval, state, view, now_ns_, random_});
    if (outcome.plan.empty()) return;
    model::Command command;
    *command.mutable_apply_plans()->add_plans() = encode_plan(outcome.plan);
    EXPECT_TRUE(apply(std::move(command)).ok());
  }
  // The leader looks at the deployment.
  void watch() {
    DeploymentWatcher watcher(random_);
    watcher.restore(now());
    for (auto& proposal : watcher.look(now(), now_ns_)) {
      static_cast<void>(apply(std::move(proposal.command)));
    }
  }

  [[nodiscard]] std::vector<AllocRef> allocs() const { return now().allocs_of_job(key()); }
  // Those that are wanted and not over, by name.
  [[nodiscard]] std::vector<AllocRef> running() const {
    auto found = allocs();
    std::erase_if(found, [](const AllocRef& alloc) { return alloc->terminal(); });
    std::sort(found.begin(), found.end(), [](const AllocRef& a, const AllocRef& b) {
      return std::pair(a->name_index, a->id) < std::pair(b->name_index, b->id);
    });
    return found;
  }

  void report(const Allocation& alloc, const std::string& status, std::optional<bool> healthy) {
    model::Command command;
    auto* update = command.mutable_update_allocs_from_client()->add_updates();
    update->set_id(alloc.id.to_bytes());
    update->set_client_status(status);
    if (healthy) {
      update->mutable_deployment_status()->set_healthy(*healthy);
      update->mutable_deployment_status()->set_timestamp(now_ns_);
    }
    if (status == "running" && healthy == true) {
      healthy_.insert(alloc.id);
    } else if (status != "running") {
      healthy_.erase(alloc.id);
    }
    EXPECT_TRUE(apply(std::move(command)).ok());
  }
  // The agent says what has become of the allocation since: a stopped one ends, a new one starts,
  // a started one proves itself or fails.
  void progress(const Allocation& alloc) {
    if (alloc.client_terminal()) return;
    if (alloc.server_terminal()) return report(alloc, "complete", std::nullopt);
    if (alloc.client == ClientStatus::pending) return report(alloc, "running", std::nullopt);
    is_good(alloc) ? report(alloc, "running", true) : report(alloc, "failed", false);
  }
  void progress_all() {
    for (const AllocRef& alloc : allocs()) progress(*alloc);
  }
  // Everything until nothing changes any more.
  void settle(int rounds = 40) {
    for (int i = 0; i < rounds; ++i) {
      schedule();
      progress_all();
      watch();
    }
  }

  static bool is_good(const Allocation& alloc) {
    return alloc.task_group().task(0).env().at("GOOD") == "yes";
  }
  // Instances that have proven themselves, run and are wanted: what users are served by.
  [[nodiscard]] int healthy() const {
    int count = 0;
    for (const AllocRef& alloc : running()) count += healthy_.contains(alloc->id) ? 1 : 0;
    return count;
  }
  // "0:v1 0:v2* 1:v1": names and versions of what is wanted; canaries have a star.
  [[nodiscard]] std::string picture() const {
    std::string out;
    for (const AllocRef& alloc : running()) {
      out += (out.empty() ? "" : " ") + std::to_string(alloc->name_index) + ":v" +
             std::to_string(alloc->job->version()) + (alloc->more().canary ? "*" : "");
    }
    return out;
  }

  // Everything that a reader of a failure wants to know.
  [[nodiscard]] std::string details() const {
    std::string out = deployment()
                          ? "v" + std::to_string(deployment()->job_version()) + " " + status()
                          : "no deployment";
    for (const AllocRef& alloc : allocs()) {
      if (alloc->server_terminal() && alloc->client_terminal()) continue;
      const auto& healthy = alloc->more().deployment_healthy;
      out += "\n  " + std::to_string(alloc->name_index) + ":v" +
             std::to_string(alloc->job->version()) + (alloc->more().canary ? "*" : "") + " " +
             name_of(alloc->desired) + " " + name_of(alloc->client) +
             (!healthy   ? ""
              : *healthy ? " healthy"
                         : " unhealthy") +
             (is_good(*alloc) ? "" : " (bad)") + (healthy_.contains(alloc->id) ? " serves" : "");
    }
    return out;
  }

 private:
  TestState state_;
  SeededRandom random_{7};
  std::int64_t now_ns_ = 1'700'000'000 * nanoseconds_per_second;
  int releases_ = 0;
  std::set<AllocId> healthy_;
};

// Three instances, replaced one at a time.
inline test::JobBuilder a_service(int count = 3, int max_parallel = 1) {
  test::JobBuilder job("job");
  job.count(count).max_parallel(max_parallel);
  job.task().mutable_resources()->set_cpu(500);
  return job;
}

inline model::UpdateStrategy& update_of(test::JobBuilder& job) {
  return *job.group().mutable_update();
}

}  // namespace yurt::server
