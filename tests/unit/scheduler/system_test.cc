// System and sysbatch jobs: one allocation of each group on every node that may have it.
#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/support/cluster/cluster_model.h"

namespace yurt::test {
namespace {

JobBuilder system_job(const char* type = "system") { return JobBuilder("job", type); }

struct Fleet {
  ClusterModel cluster;
  std::vector<NodeId> nodes;
  explicit Fleet(int count, const JobBuilder& job) {
    for (int i = 0; i < count; ++i) nodes.push_back(cluster.put_node(NodeBuilder()));
    cluster.put_job(job);
    cluster.run("job");
    for (const AllocRef& alloc : allocs()) cluster.report(alloc->id, ClientStatus::running);
  }
  std::vector<AllocRef> allocs() { return cluster.running("job"); }
  void all_healthy() {
    for (const AllocRef& alloc : allocs()) cluster.report_health(alloc->id, true);
  }
};

TEST(System, runs_on_every_feasible_node_and_filtered_ones_are_no_failures) {
  ClusterModel cluster;
  for (int i = 0; i < 3; ++i) cluster.put_node(NodeBuilder());
  cluster.put_node(NodeBuilder().attribute("kernel.name", "windows"));
  cluster.put_job(system_job().constraint("${attr.kernel.name}", "=", "linux"));
  const auto outcome = cluster.run("job");
  EXPECT_EQ(cluster.running("job").size(), 3U);
  EXPECT_TRUE(outcome.failed_groups.empty());
  EXPECT_TRUE(outcome.blocked_nodes.empty());
  EXPECT_TRUE(cluster.run("job").plan.empty());
}

TEST(System, a_new_node_gets_one) {
  Fleet it(2, system_job().no_update());
  it.cluster.put_node(NodeBuilder());
  EXPECT_EQ(it.cluster.run("job").plan.place.size(), 1U);
  EXPECT_EQ(it.allocs().size(), 3U);
}

TEST(System, each_node_without_room_is_waited_for_by_itself) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder());
  const NodeId full = cluster.put_node(NodeBuilder().memory(100));
  cluster.put_job(system_job());
  const auto outcome = cluster.run("job");
  EXPECT_EQ(cluster.running("job").size(), 1U);
  EXPECT_EQ(outcome.queued.at("web"), 1);
  EXPECT_EQ(outcome.failed_groups.at("web").dimension_exhausted().at("memory"), 1);
  EXPECT_FALSE(outcome.blocked);
  ASSERT_EQ(outcome.blocked_nodes.size(), 1U);
  EXPECT_EQ(outcome.blocked_nodes[0].node_id(), full.to_string());
}

TEST(System, an_ineligible_node_keeps_what_it_has_and_gets_nothing_new) {
  Fleet it(2, system_job().no_update());
  it.cluster.set_eligible(it.nodes[0], false);
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
  it.cluster.put_job(system_job().no_update().env("A", "1"));
  const auto outcome = it.cluster.run("job");
  EXPECT_EQ(outcome.plan.place.size(), 1U);
  EXPECT_EQ(it.allocs().size(), 2U);
}

TEST(System, a_dead_nodes_allocation_is_lost_and_a_failed_one_is_replaced_in_place) {
  Fleet it(3, system_job().no_update());
  it.cluster.set_node_status(it.nodes[0], "down");
  auto outcome = it.cluster.run("job");
  EXPECT_EQ(outcome.plan.stop.at(0).client, ClientStatus::lost);
  EXPECT_TRUE(outcome.plan.place.empty());
  const AllocRef failed = it.allocs().front();
  it.cluster.report(failed->id, ClientStatus::failed);
  outcome = it.cluster.run("job");
  ASSERT_EQ(outcome.plan.place.size(), 1U);
  EXPECT_EQ(outcome.plan.place[0]->node, failed->node);
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
}

TEST(System, a_node_that_leaves_the_jobs_datacenters_loses_it) {
  Fleet it(2, system_job().no_update());
  it.cluster.put_job(system_job().no_update().datacenters("dc9"));
  it.cluster.run("job");
  EXPECT_TRUE(it.allocs().empty());
}

TEST(System, updates_max_parallel_nodes_at_a_time_as_they_become_healthy) {
  Fleet it(3, system_job());
  it.all_healthy();
  EXPECT_EQ(it.cluster.run("job").plan.deployment_updates.at(0).status, "successful");
  it.cluster.put_job(system_job().env("A", "1"));
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(it.cluster.run("job").plan.place.size(), 1U);
    EXPECT_TRUE(it.cluster.run("job").plan.empty());
    it.all_healthy();
  }
  EXPECT_EQ(it.cluster.run("job").plan.deployment_updates.at(0).status, "successful");
  EXPECT_EQ(it.allocs().size(), 3U);
}

TEST(System, canary_is_a_percentage_of_the_nodes_to_update) {
  Fleet it(10, system_job().max_parallel(5));
  it.all_healthy();
  it.cluster.run("job");
  it.cluster.put_job(system_job().max_parallel(5).canary(25).env("A", "1"));
  EXPECT_EQ(it.cluster.run("job").plan.place.size(), 3U);
  EXPECT_EQ(it.allocs().size(), 10U) << "a system canary replaces, it does not run beside";
  it.all_healthy();
  EXPECT_TRUE(it.cluster.run("job").plan.empty()) << "awaits promotion";
  it.cluster.edit_deployment(
      "job", [](model::Deployment& d) { (*d.mutable_task_groups())["web"].set_promoted(true); });
  EXPECT_EQ(it.cluster.run("job").plan.place.size(), 5U);
}

TEST(System, a_disconnected_node_keeps_its_allocation_as_unknown_until_the_time_out) {
  const auto job = system_job().no_update().disconnect(60 * nanoseconds_per_second);
  Fleet it(2, job);
  const AllocId id = it.allocs().front()->id;
  it.cluster.set_node_status(it.allocs().front()->node, "disconnected");
  const auto outcome = it.cluster.run("job");
  EXPECT_EQ(it.cluster.alloc(id)->client, ClientStatus::unknown);
  EXPECT_TRUE(outcome.plan.place.empty());
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
  it.cluster.advance(61 * nanoseconds_per_second);
  it.cluster.run(outcome.followups.at(0));
  EXPECT_EQ(it.cluster.alloc(id)->client, ClientStatus::lost);
}

TEST(Sysbatch, a_finished_node_is_not_run_again_before_a_new_version) {
  Fleet it(2, system_job("sysbatch"));
  for (const AllocRef& alloc : it.allocs()) it.cluster.report(alloc->id, ClientStatus::complete);
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
  it.cluster.put_job(system_job("sysbatch").env("A", "1"));
  EXPECT_EQ(it.cluster.run("job").plan.place.size(), 2U);
}

// --- preemption

TEST(Preemption, a_system_job_evicts_what_is_ten_priorities_below) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().memory(300));
  cluster.put_job(JobBuilder("low").priority(40));
  cluster.run("low");
  const AllocId victim = cluster.running("low").front()->id;
  cluster.put_job(system_job().priority(50));
  const auto outcome = cluster.run("job");
  ASSERT_EQ(outcome.plan.preempt.size(), 1U);
  EXPECT_EQ(outcome.plan.preempt[0].alloc->id, victim);
  ASSERT_EQ(cluster.running("job").size(), 1U);
  EXPECT_EQ(cluster.running("job").front()->more().preempted, std::vector<AllocId>{victim});
  EXPECT_EQ(cluster.alloc(victim)->desired, DesiredStatus::evict);
  EXPECT_EQ(outcome.annotations.preempted_allocs_size(), 1);
}

TEST(Preemption, spares_what_is_within_ten_priorities) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().memory(300));
  cluster.put_job(JobBuilder("low").priority(41));
  cluster.run("low");
  cluster.put_job(system_job().priority(50));
  EXPECT_TRUE(cluster.run("job").plan.preempt.empty());
}

TEST(Preemption, is_off_for_services_unless_configured) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().memory(300));
  cluster.put_job(JobBuilder("low").priority(10));
  cluster.run("low");
  cluster.put_job(JobBuilder("high").priority(90));
  EXPECT_TRUE(cluster.run("high").plan.preempt.empty());
  model::SchedulerConfiguration config;
  config.mutable_preemption_config()->set_service_scheduler_enabled(true);
  cluster.set_config(config);
  const auto outcome = cluster.run("high");
  EXPECT_EQ(outcome.plan.preempt.size(), 1U);
  EXPECT_EQ(outcome.annotations.desired_tg_updates().at("web").preemptions(), 1U);
}

TEST(Preemption, evicts_the_least_important_and_no_more_than_needed) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().memory(1000));
  for (const auto& [id, priority, memory] :
       {std::tuple{"a", 20, 300}, {"b", 10, 100}, {"c", 10, 300}, {"d", 30, 300}}) {
    cluster.put_job(JobBuilder(id).priority(priority).memory(memory));
    cluster.run(id);
  }
  cluster.put_job(system_job().priority(50).memory(300));
  const auto outcome = cluster.run("job");
  ASSERT_EQ(outcome.plan.preempt.size(), 1U);
  EXPECT_EQ(outcome.plan.preempt[0].alloc->job->id(), "c");
}

TEST(Preemption, frees_a_static_port_from_whoever_holds_it) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder());
  cluster.put_job(JobBuilder("low").priority(10).static_port("http", 80));
  cluster.put_job(JobBuilder("other").priority(10));
  cluster.run("low");
  cluster.run("other");
  cluster.put_job(system_job().priority(50).static_port("http", 80));
  const auto outcome = cluster.run("job");
  ASSERT_EQ(outcome.plan.preempt.size(), 1U);
  EXPECT_EQ(outcome.plan.preempt[0].alloc->job->id(), "low");
}

}  // namespace
}  // namespace yurt::test
