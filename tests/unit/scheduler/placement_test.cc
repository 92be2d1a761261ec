// Where new allocations go, and why not.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/cluster/cluster_model.h"

namespace yurt::test {
namespace {

std::map<NodeId, int> per_node(const std::vector<AllocRef>& allocs) {
  std::map<NodeId, int> counts;
  for (const AllocRef& alloc : allocs) ++counts[alloc->node];
  return counts;
}

TEST(Placement, gives_every_allocation_of_a_new_job_a_node_and_the_lowest_names) {
  ClusterModel cluster;
  for (int i = 0; i < 3; ++i) cluster.put_node(NodeBuilder());
  cluster.put_job(JobBuilder("api").count(5));
  const auto outcome = cluster.run("api");
  EXPECT_TRUE(outcome.failed_groups.empty());
  EXPECT_EQ(outcome.queued.at("web"), 0);
  const auto allocs = cluster.running("api");
  ASSERT_EQ(allocs.size(), 5U);
  for (std::uint32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(allocs[i]->name(), "api.web[" + std::to_string(i) + "]");
    EXPECT_EQ(allocs[i]->resources->totals.cpu_mhz, 500);
    EXPECT_EQ(allocs[i]->resources->totals.memory_mb, 256);
    EXPECT_EQ(allocs[i]->resources->totals.disk_mb, 300);
  }
  EXPECT_EQ(outcome.annotations.desired_tg_updates().at("web").place(), 5U);
}

TEST(Placement, packs_different_jobs_onto_the_fullest_node_that_fits) {
  ClusterModel cluster;
  for (int i = 0; i < 4; ++i) cluster.put_node(NodeBuilder());
  for (const char* id : {"a", "b", "c", "d"}) {
    cluster.put_job(JobBuilder(id));
    cluster.run(id);
  }
  EXPECT_EQ(per_node(cluster.allocs()).size(), 1U);
}

TEST(Placement, keeps_allocations_of_one_group_apart_while_there_are_other_nodes) {
  ClusterModel cluster;
  for (int i = 0; i < 4; ++i) cluster.put_node(NodeBuilder());
  cluster.put_job(JobBuilder("api").count(4));
  cluster.run("api");
  EXPECT_EQ(per_node(cluster.running("api")).size(), 4U);
}

TEST(Placement, with_the_spread_algorithm_prefers_empty_nodes) {
  ClusterModel cluster;
  model::SchedulerConfiguration config;
  config.set_scheduler_algorithm("spread");
  cluster.set_config(config);
  for (int i = 0; i < 3; ++i) cluster.put_node(NodeBuilder());
  for (const char* id : {"a", "b", "c"}) {
    cluster.put_job(JobBuilder(id));
    cluster.run(id);
  }
  EXPECT_EQ(per_node(cluster.allocs()).size(), 3U);
}

TEST(Placement, takes_the_algorithm_of_the_node_pool_before_that_of_the_cluster) {
  ClusterModel cluster;
  model::NodePool pool;
  pool.set_name("default");
  pool.mutable_scheduler_configuration()->set_scheduler_algorithm("spread");
  cluster.put_pool(pool);
  for (int i = 0; i < 2; ++i) cluster.put_node(NodeBuilder());
  for (const char* id : {"a", "b"}) {
    cluster.put_job(JobBuilder(id));
    cluster.run(id);
  }
  EXPECT_EQ(per_node(cluster.allocs()).size(), 2U);
}

TEST(Placement, records_the_scores_of_the_best_five_nodes) {
  ClusterModel cluster;
  for (int i = 0; i < 7; ++i) cluster.put_node(NodeBuilder());
  cluster.put_job(JobBuilder("api"));
  cluster.run("api");
  const auto& metrics = *cluster.running("api").front()->metrics;
  EXPECT_EQ(metrics.nodes_evaluated(), 7);
  ASSERT_EQ(metrics.score_meta_data_size(), 5);
  // 500 of 4,000 MHz and 256 of 8,192 MiB: (20 − 10^0.875 − 10^0.96875) / 18
  EXPECT_NEAR(metrics.score_meta_data(0).scores().at("binpack"), 0.1775187, 1e-6);
  EXPECT_NEAR(metrics.score_meta_data(0).norm_score(), 0.1775187, 1e-6);
  EXPECT_EQ(metrics.nodes_available().at("dc1"), 7);
}

TEST(Placement, says_which_dimension_is_exhausted) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().memory(100));
  cluster.put_node(NodeBuilder().cpu(100));
  cluster.put_node(NodeBuilder().disk(100));
  cluster.put_node(NodeBuilder().node_class("small").memory(200));
  cluster.put_job(JobBuilder("api").count(3));
  const auto outcome = cluster.run("api");
  ASSERT_TRUE(outcome.failed_groups.contains("web"));
  const auto& metric = outcome.failed_groups.at("web");
  EXPECT_EQ(metric.nodes_evaluated(), 4);
  EXPECT_EQ(metric.nodes_exhausted(), 4);
  EXPECT_EQ(metric.dimension_exhausted().at("memory"), 2);
  EXPECT_EQ(metric.dimension_exhausted().at("cpu"), 1);
  EXPECT_EQ(metric.dimension_exhausted().at("disk"), 1);
  EXPECT_EQ(metric.class_exhausted().at("small"), 1);
  EXPECT_EQ(metric.coalesced_failures(), 2);
  EXPECT_EQ(outcome.queued.at("web"), 3);
}

TEST(Placement, says_which_constraint_filtered_how_many_nodes) {
  ClusterModel cluster;
  for (int i = 0; i < 3; ++i) cluster.put_node(NodeBuilder());
  cluster.put_node(NodeBuilder().attribute("kernel.name", "windows").memory(10));
  cluster.put_job(JobBuilder("api").constraint("${attr.kernel.name}", "=", "windows"));
  const auto outcome = cluster.run("api");
  const auto& metric = outcome.failed_groups.at("web");
  EXPECT_EQ(metric.nodes_filtered(), 3);
  EXPECT_EQ(metric.constraint_filtered().at("${attr.kernel.name} = windows"), 3);
  EXPECT_EQ(metric.nodes_exhausted(), 1);
}

TEST(Placement, needs_the_driver_healthy_on_the_node) {
  ClusterModel cluster;
  NodeBuilder node;
  (*node.edit().mutable_drivers())["raw_exec"].set_healthy(false);
  cluster.put_node(node);
  cluster.put_job(JobBuilder("api"));
  EXPECT_EQ(cluster.run("api").failed_groups.at("web").constraint_filtered().at("missing drivers"),
            1);
}

TEST(Placement, leaves_out_nodes_that_are_down_ineligible_draining_or_elsewhere) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().status("down"));
  cluster.put_node(NodeBuilder().ineligible());
  NodeBuilder draining;
  draining.edit().mutable_drain_strategy();
  cluster.put_node(draining);
  cluster.put_node(NodeBuilder().datacenter("eu-1"));
  cluster.put_node(NodeBuilder().pool("gpu"));
  cluster.put_job(JobBuilder("api").datacenters("us-*"));
  const auto outcome = cluster.run("api");
  const auto& metric = outcome.failed_groups.at("web");
  EXPECT_EQ(metric.nodes_evaluated(), 0);
  EXPECT_EQ(metric.nodes_in_pool(), 1);
  EXPECT_EQ(metric.nodes_available().at("eu-1"), 1);
}

TEST(Placement, the_pool_all_means_every_node) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().pool("gpu"));
  cluster.put_job(JobBuilder("api").pool("all"));
  EXPECT_TRUE(cluster.run("api").failed_groups.empty());
}

TEST(Placement, distinct_hosts_places_one_allocation_of_the_job_on_a_node) {
  ClusterModel cluster;
  for (int i = 0; i < 2; ++i) cluster.put_node(NodeBuilder());
  cluster.put_job(JobBuilder("api").count(3).constraint("", "distinct_hosts", "true"));
  const auto outcome = cluster.run("api");
  EXPECT_EQ(per_node(cluster.running("api")).size(), 2U);
  EXPECT_EQ(outcome.failed_groups.at("web").constraint_filtered().at("distinct_hosts"), 2);
}

TEST(Placement, distinct_property_limits_allocations_per_value) {
  ClusterModel cluster;
  for (const char* rack : {"r1", "r1", "r2"}) cluster.put_node(NodeBuilder().meta("rack", rack));
  cluster.put_node(NodeBuilder());
  cluster.put_job(JobBuilder("api").count(5).constraint("${meta.rack}", "distinct_property", "2"));
  const auto outcome = cluster.run("api");
  std::map<std::string, int> racks;
  for (const AllocRef& alloc : cluster.running("api")) {
    ++racks[cluster.node(alloc->node)->meta().at("rack")];
  }
  EXPECT_EQ(racks, (std::map<std::string, int>{{"r1", 2}, {"r2", 2}}));
  const auto& filtered = outcome.failed_groups.at("web").constraint_filtered();
  EXPECT_EQ(filtered.at("distinct_property: ${meta.rack}=r1 used by 2 allocs"), 2);
  EXPECT_EQ(filtered.at("missing property \"${meta.rack}\""), 1);
}

TEST(Placement, an_affinity_outweighs_packing) {
  ClusterModel cluster;
  const NodeId wanted = cluster.put_node(NodeBuilder().meta("disk", "ssd"));
  for (int i = 0; i < 5; ++i) cluster.put_node(NodeBuilder());
  cluster.put_job(JobBuilder("api").affinity("${meta.disk}", "ssd", 100));
  cluster.run("api");
  EXPECT_EQ(cluster.running("api").front()->node, wanted);
}

TEST(Placement, a_negative_affinity_keeps_allocations_away) {
  ClusterModel cluster;
  const NodeId shunned = cluster.put_node(NodeBuilder().cpu(1000).memory(512).meta("disk", "hdd"));
  cluster.put_node(NodeBuilder());
  cluster.put_job(JobBuilder("api").affinity("${meta.disk}", "hdd", -100));
  cluster.run("api");
  EXPECT_NE(cluster.running("api").front()->node, shunned);
}

TEST(Placement, spreads_evenly_over_the_values_of_an_attribute) {
  ClusterModel cluster;
  for (const char* dc : {"dc1", "dc1", "dc1", "dc2", "dc3"}) {
    cluster.put_node(NodeBuilder().datacenter(dc));
  }
  cluster.put_job(JobBuilder("api").count(9).spread("${node.datacenter}", 100));
  cluster.run("api");
  std::map<std::string, int> datacenters;
  for (const AllocRef& alloc : cluster.running("api")) {
    ++datacenters[cluster.node(alloc->node)->datacenter()];
  }
  EXPECT_EQ(datacenters, (std::map<std::string, int>{{"dc1", 3}, {"dc2", 3}, {"dc3", 3}}));
}

TEST(Placement, spreads_by_target_percentages) {
  ClusterModel cluster;
  for (const char* dc : {"dc1", "dc2", "dc1", "dc2"}) {
    cluster.put_node(NodeBuilder().datacenter(dc));
  }
  cluster.put_job(JobBuilder("api")
                      .count(10)
                      .spread("${node.datacenter}", 100)
                      .spread_target("dc1", 70)
                      .spread_target("dc2", 30));
  cluster.run("api");
  std::map<std::string, int> datacenters;
  for (const AllocRef& alloc : cluster.running("api")) {
    ++datacenters[cluster.node(alloc->node)->datacenter()];
  }
  EXPECT_EQ(datacenters, (std::map<std::string, int>{{"dc1", 7}, {"dc2", 3}}));
}

TEST(Placement, grants_static_and_dynamic_ports_and_refuses_collisions) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().dynamic_ports(25000, 25001).reserved_ports("25000"));
  cluster.put_job(JobBuilder("api").static_port("http", 8080).dynamic_port("admin", -1));
  cluster.run("api");
  const auto& ports = cluster.running("api").front()->ports;
  ASSERT_EQ(ports.size(), 2U);
  EXPECT_EQ(ports[0].value, 8080);
  EXPECT_EQ(ports[0].host_ip, "192.0.2.1");
  EXPECT_EQ(ports[1].value, 25001);
  EXPECT_EQ(ports[1].to, 25001);

  cluster.put_job(JobBuilder("other").static_port("http", 8080));
  const auto collision = cluster.run("other");
  EXPECT_EQ(collision.failed_groups.at("web").dimension_exhausted().at(
                "network: reserved port collision http=8080"),
            1);
  cluster.put_job(JobBuilder("third").dynamic_port("admin"));
  const auto exhausted = cluster.run("third");
  EXPECT_EQ(exhausted.failed_groups.at("web").dimension_exhausted().at(
                "network: dynamic port selection failed"),
            1);
}

TEST(Placement, takes_a_port_from_the_host_network_that_was_asked_for) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder());
  const NodeId with_public = cluster.put_node(NodeBuilder().address("public", "198.51.100.7"));
  JobBuilder job("api");
  job.dynamic_port("http");
  job.group().mutable_network(0)->mutable_dynamic_ports(0)->set_host_network("public");
  cluster.put_job(job);
  cluster.run("api");
  const AllocRef alloc = cluster.running("api").front();
  EXPECT_EQ(alloc->node, with_public);
  EXPECT_EQ(alloc->ports.front().host_ip, "198.51.100.7");
}

TEST(Placement, a_group_on_a_bridge_needs_a_node_with_one) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder());
  JobBuilder job("api");
  job.dynamic_port("http");
  job.group().mutable_network(0)->set_mode("bridge");
  cluster.put_job(job);
  EXPECT_EQ(cluster.run("api").failed_groups.at("web").constraint_filtered().at("missing network"),
            1);
}

TEST(Placement, reserves_whole_cores_once) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().cores(4));
  cluster.put_job(JobBuilder("api").count(3).cores(2));
  const auto outcome = cluster.run("api");
  std::set<std::uint16_t> cores;
  for (const AllocRef& alloc : cluster.running("api")) {
    cores.insert(alloc->resources->reserved_cores.begin(), alloc->resources->reserved_cores.end());
    EXPECT_EQ(alloc->resources->totals.cpu_mhz, 2000);
  }
  EXPECT_EQ(cores.size(), 4U);
  EXPECT_EQ(outcome.queued.at("web"), 1);
}

TEST(Placement, grants_device_instances_once_and_filters_nodes_without_any) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder());
  cluster.put_node(NodeBuilder().gpus("A100", 2));
  JobBuilder job("train", "batch");
  job.count(3);
  job.task().mutable_resources()->add_device()->set_name("nvidia/gpu");
  cluster.put_job(job);
  const auto outcome = cluster.run("train");
  std::set<std::string> devices;
  for (const AllocRef& alloc : cluster.running("train")) {
    for (const GrantedDevice& device : alloc->resources->devices) devices.insert(device.instance);
  }
  EXPECT_EQ(devices,
            (std::set<std::string>{"nvidia/gpu/A100/GPU-A100-0", "nvidia/gpu/A100/GPU-A100-1"}));
  const auto& metric = outcome.failed_groups.at("web");
  EXPECT_EQ(metric.constraint_filtered().at("missing devices"), 1);
  EXPECT_EQ(metric.dimension_exhausted().at("devices"), 1);
}

TEST(Placement, a_device_is_chosen_by_constraint_and_affinity) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("T4", 1));
  cluster.put_node(NodeBuilder().gpus("A100", 1));
  cluster.put_node(NodeBuilder().gpus("H100", 1));
  JobBuilder job("train", "batch");
  auto* device = job.task().mutable_resources()->add_device();
  device->set_name("gpu");
  auto* constraint = device->add_constraint();
  constraint->set_attribute("${device.model}");
  constraint->set_operator_("!=");
  constraint->set_value("T4");
  auto* affinity = device->add_affinity();
  affinity->set_attribute("${device.model}");
  affinity->set_value("H100");
  cluster.put_job(job);
  cluster.run("train");
  EXPECT_EQ(cluster.running("train").front()->resources->devices.front().instance,
            "nvidia/gpu/H100/GPU-H100-0");
}

TEST(Placement, respects_the_limit_of_allocations_of_a_node) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().max_allocs(2));
  cluster.put_job(JobBuilder("api").count(3));
  EXPECT_EQ(cluster.run("api").failed_groups.at("web").dimension_exhausted().at("allocations"), 1);
  EXPECT_EQ(cluster.running("api").size(), 2U);
}

TEST(Placement, memory_max_counts_only_where_oversubscription_is_enabled) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder());
  JobBuilder job("api");
  job.task().mutable_resources()->set_memory_max(1024);
  cluster.put_job(job);
  cluster.run("api");
  EXPECT_EQ(cluster.running("api").front()->resources->totals.memory_max_mb, 256);

  model::SchedulerConfiguration config;
  config.set_memory_oversubscription_enabled(true);
  cluster.set_config(config);
  job.edit().set_id("roomy");
  cluster.put_job(job);
  cluster.run("roomy");
  const auto& totals = cluster.running("roomy").front()->resources->totals;
  EXPECT_EQ(totals.memory_max_mb, 1024);
  EXPECT_EQ(totals.memory_mb, 256);
}

TEST(Placement, room_that_is_still_being_vacated_is_not_used_yet) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().memory(300));
  cluster.put_job(JobBuilder("old"));
  cluster.run("old");
  const AllocRef old = cluster.running("old").front();
  cluster.report(old->id, ClientStatus::running);
  cluster.stop_job("old");
  cluster.run("old");
  cluster.put_job(JobBuilder("new"));
  EXPECT_EQ(cluster.run("new").queued.at("web"), 1);
  cluster.report(old->id, ClientStatus::complete);
  EXPECT_EQ(cluster.run("new").queued.at("web"), 0);
}

TEST(Blocked, an_evaluation_waits_for_classes_that_may_fit) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().memory(100));
  cluster.put_node(NodeBuilder().attribute("kernel.name", "windows"));
  cluster.put_job(JobBuilder("api").constraint("${attr.kernel.name}", "=", "linux"));
  const auto evaluation = cluster.evaluation("api");
  const auto outcome = cluster.run(evaluation);
  ASSERT_TRUE(outcome.blocked);
  EXPECT_EQ(outcome.blocked->status(), "blocked");
  EXPECT_EQ(outcome.blocked->triggered_by(), "queued-allocs");
  EXPECT_EQ(outcome.blocked->previous_eval(), evaluation.id());
  EXPECT_FALSE(outcome.blocked->escaped_computed_class());
  int eligible = 0;
  for (const auto& [name, is_eligible] : outcome.blocked->class_eligibility()) {
    eligible += is_eligible ? 1 : 0;
  }
  EXPECT_EQ(outcome.blocked->class_eligibility().size(), 2U);
  EXPECT_EQ(eligible, 1);
}

TEST(Blocked, a_constraint_on_a_unique_attribute_escapes_classes) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder());
  cluster.put_job(JobBuilder("api").constraint("${node.unique.name}", "=", "nowhere"));
  EXPECT_TRUE(cluster.run("api").blocked->escaped_computed_class());
}

TEST(Blocked, a_blocked_evaluation_that_fails_again_goes_back_under_its_own_id) {
  ClusterModel cluster;
  cluster.put_job(JobBuilder("api"));
  auto evaluation = cluster.evaluation("api");
  evaluation.set_status("blocked");
  EXPECT_EQ(cluster.run(evaluation).blocked->id(), evaluation.id());
}

TEST(Placement, all_at_once_is_passed_on_to_the_plan) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder());
  JobBuilder job("api");
  job.edit().set_all_at_once(true);
  cluster.put_job(job);
  EXPECT_TRUE(cluster.run("api").plan.all_at_once);
}

TEST(Placement, leaves_the_view_as_it_found_it) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().cores(4));
  cluster.put_job(JobBuilder("api").count(20).dynamic_port("http"));
  const auto outcome = cluster.schedule("api");
  EXPECT_FALSE(outcome.plan.place.empty());
  EXPECT_EQ(cluster.view_error(), "");
}

}  // namespace
}  // namespace yurt::test
