// Devices: whole ones, slices of them, alternatives, and what is said when there are none.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "scheduler/devices/device_choice.h"
#include "scheduler/devices/fragmentation.h"
#include "scheduler/place/alternatives.h"
#include "tests/support/cluster/cluster_model.h"
#include "tests/support/cluster/invariants.h"

namespace yurt::test {
namespace {

using scheduler::DeviceRoom;
using scheduler::PlanVerifier;

constexpr std::int64_t gib = 1024;  // in MiB

std::vector<GrantedDevice> devices_of(const ClusterModel& cluster, const std::string& job) {
  std::vector<GrantedDevice> devices;
  for (const AllocRef& alloc : cluster.running(job)) {
    devices.insert(devices.end(), alloc->resources->devices.begin(),
                   alloc->resources->devices.end());
  }
  return devices;
}

std::set<std::string> names_of(const std::vector<GrantedDevice>& devices) {
  std::set<std::string> names;
  for (const GrantedDevice& device : devices) names.insert(device.instance);
  return names;
}

template <typename Map>
std::string names_in(const Map& counts) {
  std::string text;
  for (const auto& [name, count] : std::map<std::string, int>(counts.begin(), counts.end())) {
    text += name + ";";
  }
  return text;
}

std::string exhausted(const scheduler::Outcome& outcome) {
  const auto at = outcome.failed_groups.find("web");
  if (at == outcome.failed_groups.end()) return "placed";
  return names_in(at->second.dimension_exhausted());
}

std::string filtered(const scheduler::Outcome& outcome) {
  const auto at = outcome.failed_groups.find("web");
  if (at == outcome.failed_groups.end()) return "placed";
  return names_in(at->second.constraint_filtered());
}

// A batch job, so that nothing keeps its allocations apart but room.
JobBuilder small(const std::string& id) {
  JobBuilder job(id, "batch");
  job.cpu(10).memory(10).disk(10);
  return job;
}

void require(google::protobuf::RepeatedPtrField<model::Constraint>& constraints,
             const std::string& left, const std::string& op, const std::string& right) {
  auto& constraint = *constraints.Add();
  constraint.set_attribute(left);
  constraint.set_operator_(op);
  constraint.set_value(right);
}

TEST(Devices, two_of_one_task_are_of_one_model_where_one_has_enough) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("T4", 1).gpus("A100", 2));
  JobBuilder job = small("train");
  job.device("nvidia/gpu", 2);
  cluster.put_job(job);
  cluster.run("train");
  EXPECT_EQ(names_of(devices_of(cluster, "train")),
            (std::set<std::string>{"nvidia/gpu/A100/GPU-A100-0", "nvidia/gpu/A100/GPU-A100-1"}));
}

TEST(Devices, two_of_one_task_span_two_models_only_where_constraints_allow) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("T4", 1).gpus("A100", 1));
  JobBuilder narrow = small("narrow");
  require(*narrow.device("nvidia/gpu", 2).mutable_constraint(), "${device.model}", "=", "A100");
  cluster.put_job(narrow);
  EXPECT_EQ(filtered(cluster.run("narrow")), "missing devices;");
  JobBuilder wide = small("wide");
  wide.device("nvidia/gpu", 2);
  cluster.put_job(wide);
  cluster.run("wide");
  EXPECT_EQ(names_of(devices_of(cluster, "wide")),
            (std::set<std::string>{"nvidia/gpu/A100/GPU-A100-0", "nvidia/gpu/T4/GPU-T4-0"}));
  const auto& task = cluster.running("wide").front()->resources->message->tasks().at("main");
  EXPECT_EQ(task.devices_size(), 2);
}

TEST(Devices, tasks_of_one_group_get_theirs_whatever_order_they_are_written_in) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("A100", 3).gpus("T4", 2));
  JobBuilder job = small("train");
  // The first would take A100s that only the second can use, were they not looked at together.
  auto& any = job.device("nvidia/gpu", 2);
  auto* affinity = any.add_affinity();
  affinity->set_attribute("${device.model}");
  affinity->set_operator_("=");
  affinity->set_value("A100");
  auto* second = job.group().add_task();
  *second = job.task();
  second->set_name("second");
  second->mutable_resources()->clear_device();
  auto* needs = second->mutable_resources()->add_device();
  needs->set_name("nvidia/gpu/A100");
  needs->set_count(2);
  cluster.put_job(job);
  cluster.run("train");
  ASSERT_EQ(cluster.running("train").size(), 1U);
  const auto& tasks = cluster.running("train").front()->resources->message->tasks();
  EXPECT_EQ(tasks.at("second").devices(0).name(), "A100");
  EXPECT_EQ(tasks.at("second").devices(0).device_ids_size(), 2);
  EXPECT_EQ(devices_of(cluster, "train").size(), 4U);
}

TEST(Devices, a_constraint_on_ids_chooses_the_instances) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("A100", 3));
  JobBuilder job = small("train");
  require(*job.device("nvidia/gpu").mutable_constraint(), "${device.ids}", "set_contains",
          "GPU-A100-2");
  cluster.put_job(job);
  cluster.run("train");
  EXPECT_EQ(names_of(devices_of(cluster, "train")),
            std::set<std::string>{"nvidia/gpu/A100/GPU-A100-2"});
}

TEST(Devices, attributes_are_compared_with_their_units) {
  ClusterModel cluster;
  NodeBuilder node;
  node.gpus("A100", 1);
  auto& memory =
      (*node.edit().mutable_node_resources()->mutable_devices(0)->mutable_attributes())["memory"];
  memory.set_int_(40960);
  memory.set_unit("MiB");
  cluster.put_node(node);
  const auto fits = [&](const std::string& op, const std::string& value) {
    JobBuilder job = small("train");
    require(*job.device("gpu").mutable_constraint(), "${device.attr.memory}", op, value);
    cluster.put_job(job);
    return cluster.schedule("train").failed_groups.empty();
  };
  EXPECT_TRUE(fits(">=", "40 GiB"));
  EXPECT_TRUE(fits("=", "40GiB"));
  EXPECT_TRUE(fits(">", "40 GB"));
  EXPECT_FALSE(fits(">", "40 GiB"));
  EXPECT_FALSE(fits(">=", "80 GiB"));
  EXPECT_TRUE(fits(">=", "40000"));
  EXPECT_FALSE(fits(">=", "1 MHz"));
}

TEST(Devices, an_unhealthy_one_is_never_given) {
  ClusterModel cluster;
  NodeBuilder node;
  node.gpus("A100", 2, 40 * gib);
  node.edit().mutable_node_resources()->mutable_devices(0)->mutable_instances(0)->set_healthy(
      false);
  cluster.put_node(node);
  cluster.put_job(small("slices").count(3).slice("gpu", "4GiB", 0.1));
  cluster.run("slices");
  EXPECT_EQ(names_of(devices_of(cluster, "slices")),
            std::set<std::string>{"nvidia/gpu/A100/GPU-A100-1"});
}

TEST(Slices, share_one_gpu_until_its_memory_its_shares_or_its_sharers_are_used_up) {
  const auto placed = [](const std::string& memory, double fraction, int max, std::string& why) {
    ClusterModel cluster;
    cluster.put_node(NodeBuilder().gpus("A100", 1, 40 * gib));
    cluster.put_job(small("slices").count(20).slice("nvidia/gpu", memory, fraction, max));
    why = exhausted(cluster.run("slices"));
    EXPECT_EQ(overcommit_error(cluster.nodes(), cluster.allocs()), "");
    return cluster.running("slices").size();
  };
  std::string why;
  EXPECT_EQ(placed("18GiB", 0.25, 0, why), 2U);
  EXPECT_EQ(why, "gpu memory;");
  EXPECT_EQ(placed("1GiB", 0.25, 0, why), 4U);
  EXPECT_EQ(why, "gpu fraction;");
  EXPECT_EQ(placed("1GiB", 0.05, 3, why), 3U);
  EXPECT_EQ(why, "gpu sharers;");
  // What is not asked for is not accounted for.
  EXPECT_EQ(placed("4GiB", 0, 0, why), 10U);
  EXPECT_EQ(placed("", 1.0 / 3, 0, why), 3U);
}

TEST(Slices, are_granted_as_they_were_asked_for) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("A100", 1, 40 * gib));
  cluster.put_job(small("slices").slice("nvidia/gpu", "18GiB", 0.25, 4));
  cluster.run("slices");
  const auto& device =
      cluster.running("slices").front()->resources->message->tasks().at("main").devices(0);
  EXPECT_EQ(device.memory_mib(), 18 * gib);
  EXPECT_EQ(device.fraction(), 0.25);
  EXPECT_EQ(device.max_sharers(), 4);
  EXPECT_EQ(device.device_ids(0), "GPU-A100-0");
}

TEST(Slices, respect_the_max_of_those_that_are_there_already) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("A100", 1, 40 * gib));
  cluster.put_job(small("shy").slice("gpu", "1GiB", 0.1, 2));
  cluster.run("shy");
  cluster.put_job(small("bold").count(2).slice("gpu", "1GiB", 0.1));
  EXPECT_EQ(exhausted(cluster.run("bold")), "gpu sharers;");
  EXPECT_EQ(cluster.running("bold").size(), 1U);
}

TEST(Slices, and_whole_devices_never_mix) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("A100", 1, 40 * gib));
  cluster.put_job(small("slice").slice("gpu", "1GiB", 0.1));
  cluster.run("slice");
  JobBuilder whole = small("whole");
  whole.device("gpu");
  cluster.put_job(whole);
  EXPECT_EQ(exhausted(cluster.run("whole")), "devices;");
  for (const AllocRef& alloc : cluster.running("slice")) {
    cluster.report(alloc->id, ClientStatus::complete);
  }
  EXPECT_EQ(exhausted(cluster.run("whole")), "placed");
  cluster.put_job(small("late").slice("gpu", "1GiB", 0.1));
  EXPECT_EQ(exhausted(cluster.run("late")), "devices;");
}

TEST(Slices, of_the_tasks_of_one_allocation_may_share_a_gpu) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("A100", 2, 40 * gib));
  JobBuilder job = small("pair");
  job.slice("gpu", "20GiB", 0.5);
  auto* second = job.group().add_task();
  *second = job.task();
  second->set_name("second");
  cluster.put_job(job);
  cluster.run("pair");
  const auto devices = devices_of(cluster, "pair");
  EXPECT_EQ(devices.size(), 2U);
  EXPECT_EQ(names_of(devices).size(), 1U);
}

TEST(Slices, of_one_task_are_of_different_gpus) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("A100", 2, 40 * gib));
  JobBuilder two_blocks = small("blocks");
  two_blocks.slice("gpu", "1GiB", 0.1).slice("gpu", "1GiB", 0.1);
  cluster.put_job(two_blocks);
  cluster.run("blocks");
  EXPECT_EQ(names_of(devices_of(cluster, "blocks")).size(), 2U);
  JobBuilder of_count = small("count");
  of_count.slice("gpu", "1GiB", 0.1);
  of_count.task().mutable_resources()->mutable_device(0)->set_count(2);
  cluster.put_job(of_count);
  cluster.run("count");
  EXPECT_EQ(names_of(devices_of(cluster, "count")).size(), 2U);
}

TEST(Slices, leave_whole_gpus_free) {
  ClusterModel cluster;
  for (int i = 0; i < 3; ++i) cluster.put_node(NodeBuilder().gpus("A100", 4, 40 * gib));
  for (int i = 0; i < 8; ++i) {
    const std::string id = "job" + std::to_string(i);
    cluster.put_job(small(id).slice("gpu", "10GiB", 0.25));
    cluster.run(id);
  }
  std::set<std::pair<NodeId, std::string>> used;
  for (const AllocRef& alloc : cluster.allocs()) {
    used.insert({alloc->node, alloc->resources->devices.front().instance});
  }
  EXPECT_EQ(used.size(), 2U);
}

TEST(Slices, go_where_they_fit_tightest) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("A100", 2, 40 * gib));
  // The two cannot share a GPU, and leave 10 GiB and 20 GiB.
  cluster.put_job(small("large").slice("gpu", "30GiB", 0.75));
  cluster.run("large");
  cluster.put_job(small("middle").slice("gpu", "20GiB", 0.5));
  cluster.run("middle");
  const auto large = names_of(devices_of(cluster, "large"));
  ASSERT_NE(large, names_of(devices_of(cluster, "middle")));
  cluster.put_job(small("small").slice("gpu", "10GiB", 0.25));
  cluster.run("small");
  EXPECT_EQ(names_of(devices_of(cluster, "small")), large);
}

TEST(Slices, need_a_node_that_shares_and_a_device_whose_memory_is_known) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("A100", 1, 40 * gib).attribute("gpu.share", "false"));
  cluster.put_job(small("slice").slice("gpu", "1GiB", 0.1));
  EXPECT_EQ(filtered(cluster.run("slice")), "missing devices: sharing is off on the node;");
  JobBuilder whole = small("whole");
  whole.device("gpu");
  cluster.put_job(whole);
  EXPECT_EQ(filtered(cluster.run("whole")), "placed");

  ClusterModel unknown;
  unknown.put_node(NodeBuilder().gpus("A100", 1));
  unknown.put_job(small("slice").slice("gpu", "", 0.1));
  EXPECT_EQ(filtered(unknown.run("slice")), "missing devices;");

  ClusterModel little;
  little.put_node(NodeBuilder().gpus("T4", 1, 16 * gib));
  little.put_job(small("slice").slice("gpu", "18GiB", 0.1));
  EXPECT_EQ(filtered(little.run("slice")), "missing devices with enough memory;");
}

TEST(Alternatives, the_first_that_some_node_can_give_is_taken) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("A100", 2, 40 * gib));
  cluster.put_node(NodeBuilder().gpus("H100", 1, 80 * gib));
  cluster.put_node(NodeBuilder());
  const auto model_of = [&](const std::string& id) {
    JobBuilder job = small(id);
    auto& device = job.device("nvidia/gpu/H100");
    device.add_first_available()->set_name("nvidia/gpu/A100");
    auto& slice = *device.add_first_available();
    slice.set_name("nvidia/gpu");
    slice.mutable_share_devices()->set_memory("10GiB");
    cluster.put_job(job);
    const auto outcome = cluster.run(id);
    if (!outcome.failed_groups.empty()) return exhausted(outcome) + " " + filtered(outcome);
    return devices_of(cluster, id).front().instance;
  };
  EXPECT_EQ(model_of("a"), "nvidia/gpu/H100/GPU-H100-0");
  EXPECT_EQ(model_of("b"), "nvidia/gpu/A100/GPU-A100-0");
  EXPECT_EQ(model_of("c"), "nvidia/gpu/A100/GPU-A100-1");
  EXPECT_EQ(model_of("d"),
            "alternative 2 (nvidia/gpu/A100): devices;alternative 3 (nvidia/gpu): devices;devices; "
            "alternative 2 (nvidia/gpu/A100): missing devices;alternative 3 (nvidia/gpu): missing "
            "devices;missing devices;");
}

TEST(Alternatives, of_several_blocks_are_combined_the_last_changing_first) {
  JobBuilder job = small("train");
  auto& first = job.device("a");
  first.add_first_available()->set_name("b");
  auto& second = *job.task().mutable_resources()->add_device();
  second.set_name("x");
  second.add_first_available()->set_name("y");
  const auto whole = std::make_shared<const model::Job>(job.build());
  std::string order;
  for (const JobRef& one : scheduler::alternatives_of(whole, 0)) {
    for (const auto& device : one->group(0).task(0).resources().device()) order += device.name();
    order += " ";
  }
  EXPECT_EQ(order, "ax ay bx by ");
}

TEST(Alternatives, of_a_system_job_are_tried_on_each_node) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("A100", 1));
  cluster.put_node(NodeBuilder().gpus("H100", 1));
  JobBuilder job("exporter", "system");
  job.device("nvidia/gpu/H100").add_first_available()->set_name("nvidia/gpu/A100");
  cluster.put_job(job);
  cluster.run("exporter");
  EXPECT_EQ(names_of(devices_of(cluster, "exporter")).size(), 2U);
  EXPECT_TRUE(cluster.schedule("exporter").plan.empty());
}

TEST(Slices, a_plan_that_no_longer_fits_the_gpu_is_refused) {
  ClusterModel cluster;
  const NodeId node = cluster.put_node(NodeBuilder().gpus("A100", 1, 40 * gib));
  const auto plan_for = [&](const std::string& id, const std::string& memory, double fraction,
                            int max) {
    cluster.put_job(small(id).slice("gpu", memory, fraction, max));
    return cluster.schedule(id).plan;
  };
  const auto memory = plan_for("memory", "20GiB", 0.1, 0);
  const auto fraction = plan_for("fraction", "1GiB", 0.8, 0);
  const auto sharers = plan_for("sharers", "1GiB", 0.1, 1);
  const auto fine = plan_for("fine", "10GiB", 0.3, 2);
  JobBuilder whole_job = small("whole");
  whole_job.device("gpu");
  cluster.put_job(whole_job);
  const auto whole = cluster.schedule("whole").plan;
  cluster.put_job(small("quick").slice("gpu", "25GiB", 0.5));
  cluster.run("quick");

  PlanVerifier verifier(cluster.verifier_view());
  const auto reason = [&](const scheduler::Plan& plan) {
    const auto verdict = verifier.verify(plan, cluster);
    return verdict.complete() ? "" : verdict.reasons.begin()->second;
  };
  const std::string gpu = "device nvidia/gpu/A100/GPU-A100-0";
  EXPECT_EQ(reason(memory), "gpu memory of " + gpu + " is exhausted");
  EXPECT_EQ(reason(fraction), "gpu fraction of " + gpu + " is exhausted");
  EXPECT_EQ(reason(sharers), "gpu sharers of " + gpu + " is exhausted");
  EXPECT_EQ(reason(whole), gpu + " is taken");
  EXPECT_EQ(reason(fine), "");
  const auto ticket = verifier.expect(fine);
  EXPECT_EQ(reason(sharers), "gpu sharers of " + gpu + " is exhausted");
  verifier.settle(ticket);

  model::Node broken = *cluster.node(node);
  broken.mutable_node_resources()->mutable_devices(0)->mutable_instances(0)->set_healthy(false);
  cluster.put_node(broken);
  EXPECT_EQ(reason(fine), gpu + " is unhealthy");
}

TEST(Slices, a_change_of_one_is_destructive_and_other_changes_keep_the_grant) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().gpus("A100", 2, 40 * gib));
  cluster.put_job(small("job").slice("gpu", "10GiB", 0.25));
  cluster.run("job");
  const AllocRef first = cluster.running("job").front();
  cluster.put_job(small("job").slice("gpu", "10GiB", 0.25).priority(60));
  cluster.run("job");
  ASSERT_EQ(cluster.running("job").size(), 1U);
  EXPECT_EQ(cluster.running("job").front()->id, first->id);
  EXPECT_EQ(cluster.running("job").front()->resources->devices, first->resources->devices);
  EXPECT_EQ(cluster.running("job").front()->job->version(), 1U);
  cluster.put_job(small("job").slice("gpu", "12GiB", 0.25));
  cluster.run("job");
  ASSERT_EQ(cluster.running("job").size(), 1U);
  EXPECT_NE(cluster.running("job").front()->id, first->id);
}

TEST(Slices, are_taken_from_those_of_lower_priority_that_hold_the_gpu) {
  ClusterModel cluster;
  model::SchedulerConfiguration config;
  config.mutable_preemption_config()->set_batch_scheduler_enabled(true);
  cluster.set_config(config);
  cluster.put_node(NodeBuilder().gpus("A100", 1, 40 * gib));
  cluster.put_job(small("bystander").priority(10));
  cluster.run("bystander");
  cluster.put_job(small("holder").count(2).priority(20).slice("gpu", "15GiB", 0.4));
  cluster.run("holder");
  JobBuilder urgent = small("urgent");
  urgent.priority(80).slice("gpu", "20GiB", 0.5);
  cluster.put_job(urgent);
  EXPECT_EQ(cluster.run("urgent").plan.preempt.size(), 1U);
  EXPECT_EQ(cluster.running("bystander").size(), 1U);
  EXPECT_EQ(cluster.running("holder").size(), 1U);
  EXPECT_EQ(overcommit_error(cluster.nodes(), cluster.allocs()), "");
}

TEST(Fragmentation, is_what_usual_requests_cannot_use) {
  const DeviceRoom free{true, 40 * gib, false, 0, INT32_MAX, 40 * gib, whole_device_millionths};
  DeviceRoom half = free;
  half.take({20 * gib, 500'000, 0});
  DeviceRoom lopsided = free;
  lopsided.take({36 * gib, 100'000, 0});
  DeviceRoom held = free;
  held.take({});
  const auto of = [](std::vector<DeviceRoom> rooms) { return scheduler::fragmentation(rooms); };
  EXPECT_EQ(of({held, held}), 0);
  EXPECT_EQ(of(std::vector<DeviceRoom>(8, free)), 0);
  EXPECT_GT(of({free, held}), 0);
  EXPECT_GT(of({half}), 0);
  EXPECT_GT(of({lopsided}), of({half}));
  EXPECT_EQ(scheduler::packing_score(0), 0.5);
  EXPECT_GT(scheduler::packing_score(-0.1), 0.5);
}

}  // namespace
}  // namespace yurt::test
