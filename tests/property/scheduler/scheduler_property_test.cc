// What holds of every plan, over random histories of a cluster.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/property/scheduler/story.h"
#include "tests/support/cluster/invariants.h"

namespace yurt::test {
namespace {

using scheduler::Outcome;
using scheduler::Plan;

// Small sizes of RapidCheck's would leave the cluster empty.
constexpr int usual_wishes = 60;

void nothing(ClusterModel&, const std::string&, const Outcome&) {}

// Histories long enough for jobs to meet each other's leftovers.
rc::Gen<std::vector<Step>> histories() {
  return rc::gen::scale(1.5, rc::gen::arbitrary<std::vector<Step>>());
}

void expect_none(const std::string& error) {
  if (!error.empty()) RC_FAIL(error);
}

TEST(EveryPlan, overcommits_no_dimension_of_any_node) {
  EXPECT_TRUE(rc::check([] {
    tell(*histories(), nothing, [](ClusterModel& cluster, const std::string&, const Outcome&) {
      expect_none(overcommit_error(cluster.nodes(), cluster.allocs()));
    });
  }));
}

TEST(EveryPlan, places_only_where_every_constraint_holds) {
  EXPECT_TRUE(rc::check([] {
    tell(*histories(), nothing,
         [](ClusterModel& cluster, const std::string& job, const Outcome& outcome) {
           expect_none(constraint_error(outcome.plan, cluster, cluster.all(job)));
         });
  }));
}

TEST(EveryPlan, once_applied_leaves_nothing_to_do) {
  EXPECT_TRUE(rc::check([] {
    tell(*histories(), nothing,
         [](ClusterModel& cluster, const std::string& job, const Outcome& outcome) {
           Plan next = cluster.schedule(job).plan;
           // That a deployment is over is noticed by the evaluation after the one that ended it.
           next.deployment_updates.clear();
           const std::string again = describe(next);
           if (again.empty()) return;
           RC_FAIL("the first run did: " + describe(outcome.plan) +
                   "\na second run wants: " + again);
         });
  }));
}

TEST(EveryPlan, stops_nothing_that_is_fine) {
  EXPECT_TRUE(rc::check([] {
    tell(
        *histories(),
        [](ClusterModel& cluster, const std::string&, const Outcome& outcome) {
          expect_none(needless_stop_error(outcome.plan, cluster));
        },
        nothing);
  }));
}

TEST(EveryPlan, preempts_nobody_within_ten_priorities) {
  EXPECT_TRUE(rc::check([] {
    tell(
        *histories(),
        [](ClusterModel&, const std::string&, const Outcome& outcome) {
          expect_none(preemption_error(outcome.plan));
        },
        nothing);
  }));
}

TEST(EveryPlan, is_the_same_for_the_same_input_whatever_order_the_view_was_built_in) {
  EXPECT_TRUE(rc::check([] {
    tell(
        *histories(),
        [](ClusterModel& cluster, const std::string& job, const Outcome&) {
          const auto evaluation = cluster.evaluation(job);
          const std::string first = describe(cluster.schedule(evaluation).plan);
          auto nodes = cluster.nodes();
          std::reverse(nodes.begin(), nodes.end());
          scheduler::ClusterView rebuilt(scheduler::Counting::until_client_terminal);
          rebuilt.rebuild(nodes, cluster.allocs());
          SeededRandom random(std::hash<EvalId>()(EvalId::parse_or_nil(evaluation.id())));
          const Outcome second =
              scheduler::schedule({evaluation, cluster, rebuilt, cluster.now_ns(), random});
          RC_ASSERT(first == describe(second.plan));
        },
        nothing);
  }));
}

TEST(EveryPlan, is_accepted_whole_while_nothing_else_changes) {
  EXPECT_TRUE(rc::check([] {
    tell(
        *histories(),
        [](ClusterModel& cluster, const std::string&, const Outcome& outcome) {
          const auto verdict =
              scheduler::PlanVerifier(cluster.verifier_view()).verify(outcome.plan, cluster);
          for (const auto& [node, reason] : verdict.reasons) RC_FAIL(reason);
        },
        nothing);
  }));
}

// One request for devices: (GiB, tenths of a device, max, count); 0 GiB and 0 tenths: whole ones.
using DeviceWish = std::tuple<int, int, int, int>;

rc::Gen<DeviceWish> device_wishes() {
  return rc::gen::tuple(rc::gen::element(0, 0, 2, 7, 18, 30),
                        rc::gen::element(0, 0, 1, 2, 3, 5, 8, 10),
                        rc::gen::element(0, 0, 0, 1, 2, 3, 5), rc::gen::element(1, 1, 1, 2, 3));
}

JobBuilder job_for(const DeviceWish& wish, const std::string& id, int priority) {
  const auto& [gib, tenths, max, count] = wish;
  JobBuilder job(id, "batch");
  job.cpu(10).memory(10).disk(10).priority(priority).count(1 + gib % 3);
  auto& device = job.device("nvidia/gpu", static_cast<std::uint64_t>(count));
  if (gib == 0 && tenths == 0) return job;
  auto& share = *device.mutable_share_devices();
  if (gib > 0) share.set_memory(std::to_string(gib) + "GiB");
  if (tenths > 0) share.set_fraction(tenths / 10.0);
  if (max > 0) share.set_max(max);
  return job;
}

TEST(EveryPlan, overcommits_no_device_while_slices_come_and_go) {
  EXPECT_TRUE(rc::check([] {
    const auto wishes = *rc::gen::resize(
        usual_wishes, rc::gen::container<std::vector<DeviceWish>>(device_wishes()));
    ClusterModel cluster;
    model::SchedulerConfiguration config;
    config.mutable_preemption_config()->set_batch_scheduler_enabled(true);
    cluster.set_config(config);
    cluster.put_node(NodeBuilder().gpus("A100", 3, 40 * 1024).gpus("T4", 2, 16 * 1024));
    cluster.put_node(NodeBuilder().gpus("A100", 2, 40 * 1024));
    std::size_t number = 0;
    for (const DeviceWish& wish : wishes) {
      const std::string id = "job" + std::to_string(number++);
      cluster.put_job(job_for(wish, id, static_cast<int>(20 + number * 7 % 60)));
      const auto evaluation = cluster.evaluation(id);
      const std::string first = describe(cluster.schedule(evaluation).plan);
      const Outcome outcome = cluster.schedule(evaluation);
      RC_ASSERT(first == describe(outcome.plan));
      const auto verdict =
          scheduler::PlanVerifier(cluster.verifier_view()).verify(outcome.plan, cluster);
      for (const auto& [node, reason] : verdict.reasons) RC_FAIL(reason);
      cluster.apply(outcome.plan);
      expect_none(overcommit_error(cluster.nodes(), cluster.allocs()));
      expect_none(cluster.view_error());
      const auto allocs = cluster.allocs();
      if (number % 3 != 0 || allocs.empty()) continue;
      const AllocRef& leaves = allocs[number * 31 % allocs.size()];
      if (!leaves->client_terminal()) cluster.report(leaves->id, ClientStatus::complete);
    }
  }));
}

TEST(ClusterView, kept_change_by_change_equals_a_recount) {
  EXPECT_TRUE(rc::check([] {
    tell(*histories(), nothing, [](ClusterModel& cluster, const std::string&, const Outcome&) {
      expect_none(cluster.view_error());
    });
  }));
}

}  // namespace
}  // namespace yurt::test
