// Plans against the newest state: what is refused, and what goes with it.
#include "scheduler/verify.h"

#include <gtest/gtest.h>

#include "tests/support/cluster/cluster_model.h"

namespace yurt::test {
namespace {

using scheduler::accepted_part;
using scheduler::PlanVerifier;
using scheduler::Verdict;

TEST(Verify, accepts_a_plan_made_on_the_newest_state) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder());
  cluster.put_job(JobBuilder("api").count(3).dynamic_port("http"));
  const auto plan = cluster.schedule("api").plan;
  const Verdict verdict = PlanVerifier(cluster.verifier_view()).verify(plan, cluster);
  EXPECT_TRUE(verdict.complete());
  EXPECT_EQ(accepted_part(plan, verdict).place.size(), 3U);
}

TEST(Verify, refuses_only_the_nodes_that_do_not_fit_any_more) {
  ClusterModel cluster;
  for (int i = 0; i < 2; ++i) cluster.put_node(NodeBuilder().memory(600));
  cluster.put_job(JobBuilder("slow").count(4));
  const auto plan = cluster.schedule("slow").plan;
  ASSERT_EQ(plan.place.size(), 4U);
  cluster.put_job(JobBuilder("quick").memory(300));
  cluster.run("quick");
  const NodeId taken = cluster.running("quick").front()->node;

  const Verdict verdict = PlanVerifier(cluster.verifier_view()).verify(plan, cluster);
  EXPECT_EQ(verdict.rejected_nodes, std::vector<NodeId>{taken});
  EXPECT_EQ(verdict.reasons.at(taken), "memory is exhausted");
  const auto accepted = accepted_part(plan, verdict);
  EXPECT_EQ(accepted.place.size(), 2U);
  for (const AllocRef& alloc : accepted.place) EXPECT_NE(alloc->node, taken);
}

TEST(Verify, all_at_once_refuses_the_whole_plan) {
  ClusterModel cluster;
  for (int i = 0; i < 2; ++i) cluster.put_node(NodeBuilder().memory(600));
  JobBuilder slow("slow");
  slow.count(4).edit().set_all_at_once(true);
  cluster.put_job(slow);
  const auto plan = cluster.schedule("slow").plan;
  cluster.put_job(JobBuilder("quick").memory(300));
  cluster.run("quick");
  const Verdict verdict = PlanVerifier(cluster.verifier_view()).verify(plan, cluster);
  EXPECT_TRUE(verdict.whole_plan_rejected);
  EXPECT_TRUE(accepted_part(plan, verdict).empty());
}

TEST(Verify, refuses_nodes_that_went_away_but_not_stops_on_them) {
  ClusterModel cluster;
  const NodeId node = cluster.put_node(NodeBuilder());
  cluster.put_job(JobBuilder("api"));
  const auto place = cluster.schedule("api").plan;
  PlanVerifier verifier(cluster.verifier_view());
  cluster.set_eligible(node, false);
  EXPECT_FALSE(verifier.verify(place, cluster).complete());
  cluster.set_node_status(node, "down");
  EXPECT_FALSE(verifier.verify(place, cluster).complete());
  cluster.apply(place);
  cluster.stop_job("api");
  EXPECT_TRUE(verifier.verify(cluster.schedule("api").plan, cluster).complete());
  cluster.remove_node(node);
  EXPECT_FALSE(verifier.verify(place, cluster).complete());
}

TEST(Verify, counts_plans_that_are_still_on_their_way_once) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().memory(600));
  for (const char* id : {"a", "b", "c"}) cluster.put_job(JobBuilder(id));
  const auto a = cluster.schedule("a").plan, b = cluster.schedule("b").plan,
             c = cluster.schedule("c").plan;
  PlanVerifier verifier(cluster.verifier_view());
  const auto first = verifier.expect(a);
  EXPECT_TRUE(verifier.verify(b, cluster).complete());
  const auto second = verifier.expect(b);
  EXPECT_FALSE(verifier.verify(c, cluster).complete());
  // Applied but not settled yet: still counted once.
  cluster.apply(a);
  EXPECT_FALSE(verifier.verify(c, cluster).complete());
  verifier.settle(first);
  // The second one is lost (say, leadership was): its room is free again.
  verifier.settle(second);
  EXPECT_TRUE(verifier.verify(c, cluster).complete());
}

TEST(Verify, room_that_a_plan_on_its_way_frees_can_be_used) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().memory(300));
  cluster.put_job(JobBuilder("old"));
  cluster.put_job(JobBuilder("new"));
  const auto place_new = cluster.schedule("new").plan;
  cluster.run("old");
  PlanVerifier verifier(cluster.verifier_view());
  EXPECT_FALSE(verifier.verify(place_new, cluster).complete());
  cluster.stop_job("old");
  const auto ticket = verifier.expect(cluster.schedule("old").plan);
  EXPECT_TRUE(verifier.verify(place_new, cluster).complete());
  verifier.settle(ticket);
}

TEST(Verify, a_port_or_core_is_not_given_twice) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().cores(2));
  cluster.put_job(JobBuilder("a").static_port("http", 80));
  cluster.put_job(JobBuilder("b").static_port("http", 80));
  cluster.put_job(JobBuilder("c").cores(1));
  cluster.put_job(JobBuilder("d").cores(1));
  const auto a = cluster.schedule("a").plan, b = cluster.schedule("b").plan,
             c = cluster.schedule("c").plan, d = cluster.schedule("d").plan;
  PlanVerifier verifier(cluster.verifier_view());
  cluster.apply(a);
  cluster.apply(c);
  EXPECT_EQ(verifier.verify(b, cluster).reasons.begin()->second, "port 80 is taken");
  EXPECT_EQ(verifier.verify(d, cluster).reasons.begin()->second, "core 0 is taken");
}

TEST(Verify, where_a_node_refuses_the_old_allocation_is_not_stopped) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().memory(600));
  cluster.put_job(JobBuilder("api").no_update());
  cluster.run("api");
  cluster.put_job(JobBuilder("api").no_update().memory(500));
  const auto plan = cluster.schedule("api").plan;
  ASSERT_EQ(plan.stop.size(), 1U);
  cluster.put_job(JobBuilder("other"));
  cluster.run("other");
  const auto accepted =
      accepted_part(plan, PlanVerifier(cluster.verifier_view()).verify(plan, cluster));
  EXPECT_TRUE(accepted.place.empty());
  EXPECT_TRUE(accepted.stop.empty());
}

}  // namespace
}  // namespace yurt::test
