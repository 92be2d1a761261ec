// Retries with more memory after a kill for want of memory.
#include "scheduler/reconcile/oom_retry.h"

#include <gtest/gtest.h>

#include "tests/support/cluster/cluster_model.h"

namespace yurt::test {
namespace {

JobBuilder hog(double factor, int attempts, int memory_mb = 256) {
  JobBuilder job("job", "batch");
  job.memory(memory_mb);
  auto* rule = job.task().add_on_failure();
  rule->set_reason("oom");
  rule->set_memory_factor(factor);
  rule->set_attempts(attempts);
  job.group().mutable_reschedule()->set_attempts(0);
  job.group().mutable_reschedule()->set_unlimited(false);
  return job;
}

void kill(ClusterModel& cluster, const AllocRef& alloc, bool for_memory = true) {
  cluster.report(alloc->id, ClientStatus::failed);
  model::TaskStates states;
  auto& state = (*states.mutable_tasks())["main"];
  state.set_state("dead");
  state.set_failed(true);
  auto* event = state.add_events();
  event->set_type("Terminated");
  (*event->mutable_details())["oom_killed"] = for_memory ? "true" : "false";
  cluster.edit(alloc->id,
               [&](AllocEdit& edit) { edit.alloc->task_states = PackedTaskStates::pack(states); });
}

std::int64_t memory_of(const Allocation& alloc) { return alloc.resources->totals.memory_mb; }

TEST(OomRetry, a_killed_allocation_is_placed_again_at_once_with_more) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder());
  cluster.put_job(hog(1.5, 2));
  cluster.run("job");
  std::vector<std::int64_t> memory;
  for (int i = 0; i < 3; ++i) {
    const auto running = cluster.running("job");
    ASSERT_EQ(running.size(), 1U);
    memory.push_back(memory_of(*running[0]));
    EXPECT_EQ(running[0]->more().oom_retries, static_cast<std::uint32_t>(i));
    kill(cluster, running[0]);
    cluster.run("job");
    if (i == 2) break;
    EXPECT_NE(cluster.alloc(running[0]->id)->more().desired_description.find("out of memory with"),
              std::string::npos);
  }
  EXPECT_EQ(memory, (std::vector<std::int64_t>{256, 384, 576}));
  EXPECT_TRUE(cluster.running("job").empty());  // both attempts are used up
  EXPECT_EQ(cluster.view_error(), "");
}

TEST(OomRetry, another_failure_is_none_of_its_business) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder());
  cluster.put_job(hog(2, 1));
  cluster.run("job");
  kill(cluster, cluster.running("job")[0], false);
  cluster.run("job");
  EXPECT_TRUE(cluster.running("job").empty());
}

TEST(OomRetry, the_largest_node_is_the_most_and_says_so) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().memory(300));
  cluster.put_job(hog(2, 3));
  cluster.run("job");
  const AllocRef first = cluster.running("job")[0];
  kill(cluster, first);
  cluster.run("job");
  const AllocRef second = cluster.running("job").at(0);
  EXPECT_EQ(memory_of(*second), 300);
  EXPECT_NE(cluster.alloc(first->id)->more().desired_description.find("as much as the largest"),
            std::string::npos);
  kill(cluster, second);
  const auto outcome = cluster.run("job");
  EXPECT_TRUE(cluster.running("job").empty());
  ASSERT_EQ(outcome.plan.update.size(), 1U);
  EXPECT_NE(outcome.plan.update[0].client_description.find("no node that may take it has more"),
            std::string::npos);
}

TEST(OomRetry, what_is_moved_keeps_what_it_has_got) {
  ClusterModel cluster;
  const NodeId first_node = cluster.put_node(NodeBuilder());
  cluster.put_job(hog(1.5, 1));
  cluster.run("job");
  kill(cluster, cluster.running("job")[0]);
  cluster.run("job");
  cluster.put_node(NodeBuilder());
  cluster.set_node_status(first_node, "down");
  cluster.run("job");
  const auto moved = cluster.running("job");
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(memory_of(*moved[0]), 384);
  EXPECT_EQ(moved[0]->more().oom_retries, 1U);
}

TEST(OomRetry, a_new_version_begins_with_what_it_says) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder());
  cluster.put_job(hog(2, 1));
  cluster.run("job");
  kill(cluster, cluster.running("job")[0]);
  cluster.run("job");
  cluster.put_job(hog(2, 1, 300));
  cluster.run("job");
  const auto now = cluster.running("job");
  ASSERT_EQ(now.size(), 1U);
  EXPECT_EQ(memory_of(*now[0]), 300);
  EXPECT_EQ(now[0]->more().oom_retries, 0U);
}

TEST(OomRetry, grows_and_never_beyond_the_largest_node) {
  SeededRandom random(7);
  for (int i = 0; i < 200; ++i) {
    const auto memory_mb = static_cast<int>(10 + random.next() % 4000);
    const auto largest_mb = memory_mb + static_cast<int>(random.next() % 4000);
    const double factor = 1.01 + random.fraction() * 4;
    ClusterModel cluster;
    cluster.put_node(NodeBuilder().memory(largest_mb));
    cluster.put_job(hog(factor, 1, memory_mb));
    cluster.run("job");
    const auto running = cluster.running("job");
    ASSERT_EQ(running.size(), 1U);
    kill(cluster, running[0]);
    const auto answer = scheduler::oom_answer(*cluster.alloc(running[0]->id), largest_mb);
    EXPECT_EQ(answer.retry.has_value(), largest_mb > memory_mb);
    EXPECT_EQ(answer.refusal.empty(), largest_mb > memory_mb);
    if (!answer.retry) continue;
    const auto after_mb = answer.retry->memory.at("main").memory_mb;
    EXPECT_GE(after_mb, memory_mb);
    EXPECT_LE(after_mb, largest_mb);
    EXPECT_LE(static_cast<double>(after_mb), factor * memory_mb + 1);
  }
}

}  // namespace
}  // namespace yurt::test
