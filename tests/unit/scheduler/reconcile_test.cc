// What happens to allocations that exist: updates, failures, scaling, stopping.
#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/support/cluster/cluster_model.h"

namespace yurt::test {
namespace {

constexpr std::int64_t second = nanoseconds_per_second;

// A cluster of four nodes on which the job runs, all allocations reported running.
struct Running {
  ClusterModel cluster;
  explicit Running(const JobBuilder& job) {
    for (int i = 0; i < 4; ++i) cluster.put_node(NodeBuilder());
    cluster.put_job(job);
    cluster.run("job");
    for (const AllocRef& alloc : cluster.running("job")) {
      cluster.report(alloc->id, ClientStatus::running);
    }
  }
  std::vector<AllocRef> allocs() { return cluster.running("job"); }
  void all_healthy() {
    for (const AllocRef& alloc : allocs()) {
      cluster.report(alloc->id, ClientStatus::running);
      cluster.report_health(alloc->id, true);
    }
  }
};

TEST(Reconcile, an_unchanged_job_changes_nothing) {
  Running it(JobBuilder("job").count(3).no_update());
  const auto outcome = it.cluster.run("job");
  EXPECT_TRUE(outcome.plan.empty());
  EXPECT_EQ(outcome.annotations.desired_tg_updates().at("web").ignore(), 3U);
}

TEST(Reconcile, a_changed_environment_replaces_and_a_changed_count_does_not) {
  Running it(JobBuilder("job").count(2).no_update());
  const auto before = it.allocs();
  it.cluster.put_job(JobBuilder("job").count(3).no_update());
  auto outcome = it.cluster.run("job");
  EXPECT_EQ(outcome.annotations.desired_tg_updates().at("web").in_place_update(), 2U);
  EXPECT_EQ(outcome.annotations.desired_tg_updates().at("web").place(), 1U);
  EXPECT_EQ(it.allocs().size(), 3U);
  EXPECT_EQ(it.allocs()[0]->id, before[0]->id);
  EXPECT_EQ(it.allocs()[0]->job->version(), 1U);

  it.cluster.put_job(JobBuilder("job").count(3).no_update().env("A", "1"));
  outcome = it.cluster.run("job");
  EXPECT_EQ(outcome.annotations.desired_tg_updates().at("web").destructive_update(), 3U);
  ASSERT_EQ(it.allocs().size(), 3U);
  for (const AllocRef& alloc : it.allocs()) {
    EXPECT_EQ(alloc->job->version(), 2U);
    const AllocRef old = it.cluster.alloc(alloc->more().previous);
    ASSERT_TRUE(old);
    EXPECT_EQ(old->name(), alloc->name());
    EXPECT_EQ(old->desired, DesiredStatus::stop);
  }
}

TEST(Reconcile, an_update_is_destructive_where_the_node_no_longer_satisfies_the_job) {
  Running it(JobBuilder("job").count(1).no_update());
  it.cluster.put_node(NodeBuilder().attribute("kernel.name", "windows"));
  const NodeId old = it.allocs().front()->node;
  it.cluster.put_job(
      JobBuilder("job").no_update().constraint("${attr.kernel.name}", "=", "windows"));
  it.cluster.run("job");
  ASSERT_EQ(it.allocs().size(), 1U);
  EXPECT_NE(it.allocs().front()->node, old);
}

TEST(Reconcile, a_replacement_that_finds_no_node_leaves_the_old_allocation_running) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().memory(300));
  cluster.put_job(JobBuilder("job").no_update());
  cluster.run("job");
  const AllocId old = cluster.running("job").front()->id;
  cluster.put_job(JobBuilder("job").no_update().memory(1000));
  const auto outcome = cluster.run("job");
  EXPECT_EQ(outcome.queued.at("web"), 1);
  ASSERT_EQ(cluster.running("job").size(), 1U);
  EXPECT_EQ(cluster.running("job").front()->id, old);
}

TEST(Reconcile, a_replacement_may_use_the_room_of_what_it_replaces) {
  ClusterModel cluster;
  cluster.put_node(NodeBuilder().memory(300));
  cluster.put_job(JobBuilder("job").no_update().static_port("http", 80));
  cluster.run("job");
  cluster.put_job(JobBuilder("job").no_update().static_port("http", 80).env("A", "1"));
  EXPECT_EQ(cluster.run("job").queued.at("web"), 0);
  ASSERT_EQ(cluster.running("job").size(), 1U);
  EXPECT_EQ(cluster.running("job").front()->job->version(), 1U);
}

TEST(Reconcile, scaling_down_stops_the_highest_names) {
  Running it(JobBuilder("job").count(5).no_update());
  it.cluster.put_job(JobBuilder("job").count(2).no_update());
  it.cluster.run("job");
  ASSERT_EQ(it.allocs().size(), 2U);
  EXPECT_EQ(it.allocs()[1]->name(), "job.web[1]");
}

TEST(Reconcile, a_stopped_or_purged_job_stops_everything) {
  for (const bool purge : {false, true}) {
    Running it(JobBuilder("job").count(3));
    purge ? it.cluster.purge_job("job") : it.cluster.stop_job("job");
    const auto outcome = it.cluster.run("job");
    EXPECT_EQ(outcome.plan.stop.size(), 3U);
    EXPECT_TRUE(it.allocs().empty());
    ASSERT_EQ(outcome.plan.deployment_updates.size(), 1U);
    EXPECT_EQ(outcome.plan.deployment_updates[0].status, "cancelled");
    EXPECT_TRUE(it.cluster.run("job").plan.empty());
  }
}

TEST(Reconcile, a_removed_group_and_a_count_of_zero_stop_their_allocations) {
  Running it(JobBuilder("job").count(2).no_update().add_group("extra", 2));
  EXPECT_EQ(it.allocs().size(), 4U);
  it.cluster.put_job(JobBuilder("job").count(0).no_update());
  it.cluster.run("job");
  EXPECT_TRUE(it.allocs().empty());
}

TEST(Reconcile, a_stopped_job_that_is_registered_again_runs_again) {
  Running it(JobBuilder("job").count(2));
  it.cluster.stop_job("job");
  it.cluster.run("job");
  it.cluster.put_job(JobBuilder("job").count(2));
  it.cluster.run("job");
  EXPECT_EQ(it.allocs().size(), 2U);
}

TEST(Reschedule, a_failed_service_allocation_waits_for_its_delay_on_a_followup) {
  Running it(JobBuilder("job").no_update());
  const AllocRef failed = it.allocs().front();
  it.cluster.report(failed->id, ClientStatus::failed);
  auto outcome = it.cluster.run("job");
  ASSERT_EQ(outcome.followups.size(), 1U);
  EXPECT_EQ(outcome.followups[0].wait_until(), it.cluster.now_ns() + 30 * second);
  EXPECT_TRUE(outcome.plan.place.empty());
  EXPECT_FALSE(outcome.blocked);
  EXPECT_EQ(it.cluster.alloc(failed->id)->more().followup_eval.to_string(),
            outcome.followups[0].id());
  // Nothing new happens before it is due.
  it.cluster.advance(10 * second);
  EXPECT_TRUE(it.cluster.run("job").plan.empty());

  it.cluster.advance(20 * second);
  it.cluster.run(outcome.followups[0]);
  ASSERT_EQ(it.allocs().size(), 1U);
  const AllocRef successor = it.allocs().front();
  EXPECT_EQ(successor->more().previous, failed->id);
  EXPECT_EQ(successor->name(), failed->name());
  EXPECT_NE(successor->node, failed->node) << "the node it failed on is penalized";
  ASSERT_EQ(successor->more().reschedules.size(), 1U);
  EXPECT_EQ(successor->more().reschedules[0].delay, 30 * second);
  EXPECT_EQ(it.cluster.alloc(failed->id)->more().next, successor->id);
}

TEST(Reschedule, a_failed_allocation_that_is_no_longer_wanted_is_not_replaced) {
  Running it(JobBuilder("job").count(2).no_update());
  const AllocRef failed = it.allocs().back();
  it.cluster.report(failed->id, ClientStatus::failed);
  it.cluster.put_job(JobBuilder("job").count(1).no_update());
  it.cluster.advance(3600 * second);
  it.cluster.run("job");
  ASSERT_EQ(it.allocs().size(), 1U);
  EXPECT_NE(it.allocs().front()->id, failed->id);
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
}

TEST(Reschedule, the_delay_doubles_with_every_failure) {
  Running it(JobBuilder("job").no_update());
  for (const std::int64_t delay : {30, 60, 120}) {
    it.cluster.report(it.allocs().front()->id, ClientStatus::failed);
    const auto outcome = it.cluster.run("job");
    ASSERT_EQ(outcome.followups.size(), 1U);
    EXPECT_EQ(outcome.followups[0].wait_until(), it.cluster.now_ns() + delay * second);
    it.cluster.advance(delay * second);
    it.cluster.run(outcome.followups[0]);
  }
}

TEST(Reschedule, stops_when_the_attempts_within_the_interval_are_used_up) {
  Running it(JobBuilder("job", "batch").reschedule(1, 3600 * second, 5 * second));
  it.cluster.report(it.allocs().front()->id, ClientStatus::failed);
  it.cluster.advance(6 * second);
  it.cluster.run("job");
  ASSERT_EQ(it.allocs().size(), 1U);
  it.cluster.report(it.allocs().front()->id, ClientStatus::failed);
  it.cluster.advance(6 * second);
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
}

TEST(Reschedule, failures_close_together_share_one_followup) {
  Running it(JobBuilder("job").count(3).no_update());
  const auto allocs = it.allocs();
  it.cluster.report(allocs[0]->id, ClientStatus::failed);
  it.cluster.advance(3 * second);
  it.cluster.report(allocs[1]->id, ClientStatus::failed);
  it.cluster.advance(3 * second);
  it.cluster.report(allocs[2]->id, ClientStatus::failed);
  EXPECT_EQ(it.cluster.run("job").followups.size(), 2U);
}

TEST(Batch, a_completed_allocation_is_done_for_this_version) {
  Running it(JobBuilder("job", "batch").count(2));
  for (const AllocRef& alloc : it.allocs()) it.cluster.report(alloc->id, ClientStatus::complete);
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
  it.cluster.put_job(JobBuilder("job", "batch").count(2).env("A", "1"));
  EXPECT_EQ(it.cluster.run("job").plan.place.size(), 2U);
}

TEST(Batch, a_drained_allocation_is_stopped_without_replacement) {
  Running it(JobBuilder("job", "batch"));
  it.cluster.edit(it.allocs().front()->id, [](AllocEdit& edit) {
    edit.extra().transition.migrate = true;
    edit.extra().transition.migrate_disable_placement = true;
  });
  const auto outcome = it.cluster.run("job");
  EXPECT_EQ(outcome.plan.stop.size(), 1U);
  EXPECT_TRUE(outcome.plan.place.empty());
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
}

TEST(Service, a_completed_allocation_is_replaced) {
  Running it(JobBuilder("job").no_update());
  it.cluster.report(it.allocs().front()->id, ClientStatus::complete);
  EXPECT_EQ(it.cluster.run("job").plan.place.size(), 1U);
}

TEST(Migrate, a_drained_service_allocation_moves) {
  Running it(JobBuilder("job").no_update());
  const AllocRef old = it.allocs().front();
  it.cluster.set_eligible(old->node, false);
  it.cluster.edit(old->id, [](AllocEdit& edit) { edit.extra().transition.migrate = true; });
  const auto outcome = it.cluster.run("job");
  EXPECT_EQ(outcome.plan.stop.front().description, "alloc is being migrated");
  ASSERT_EQ(it.allocs().size(), 1U);
  EXPECT_NE(it.allocs().front()->node, old->node);
  EXPECT_EQ(it.allocs().front()->more().previous, old->id);
}

TEST(Lost, allocations_of_a_dead_node_are_lost_and_replaced_elsewhere) {
  Running it(JobBuilder("job").count(4).no_update());
  const AllocRef victim = it.allocs()[2];
  it.cluster.set_node_status(victim->node, "down");
  const auto outcome = it.cluster.run("job");
  ASSERT_EQ(outcome.plan.stop.size(), 1U);
  EXPECT_EQ(outcome.plan.stop[0].client, ClientStatus::lost);
  EXPECT_EQ(it.allocs().size(), 4U);
  EXPECT_EQ(it.allocs()[2]->more().previous, victim->id);
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
}

TEST(Lost, a_replacement_waits_until_the_client_has_stopped_the_old_tasks) {
  JobBuilder job("job");
  job.no_update().group().mutable_disconnect()->set_stop_on_client_after(60 * second);
  Running it(job);
  it.cluster.set_node_status(it.allocs().front()->node, "down");
  auto outcome = it.cluster.run("job");
  EXPECT_EQ(outcome.plan.stop.size(), 1U);
  EXPECT_TRUE(outcome.plan.place.empty());
  ASSERT_EQ(outcome.followups.size(), 1U);
  EXPECT_EQ(outcome.followups[0].wait_until(), it.cluster.now_ns() + 65 * second);
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
  it.cluster.advance(66 * second);
  EXPECT_EQ(it.cluster.run(outcome.followups[0]).plan.place.size(), 1U);
}

struct Disconnected : Running {
  explicit Disconnected(JobBuilder job) : Running(job) {
    original = allocs().front();
    cluster.set_node_status(original->node, "disconnected");
    outcome = cluster.run("job");
  }
  void reconnect() {
    cluster.set_node_status(original->node, "ready");
    cluster.report(original->id, ClientStatus::running);
  }
  AllocRef original;
  scheduler::Outcome outcome;
};

TEST(Disconnect, without_lost_after_the_allocation_is_lost_at_once) {
  Disconnected it(JobBuilder("job").no_update());
  EXPECT_EQ(it.outcome.plan.stop.at(0).client, ClientStatus::lost);
  EXPECT_EQ(it.outcome.plan.place.size(), 1U);
}

TEST(Disconnect, with_lost_after_it_becomes_unknown_and_is_replaced_meanwhile) {
  Disconnected it(JobBuilder("job").no_update().disconnect(300 * second));
  EXPECT_EQ(it.cluster.alloc(it.original->id)->client, ClientStatus::unknown);
  ASSERT_EQ(it.outcome.followups.size(), 1U);
  EXPECT_EQ(it.outcome.followups[0].triggered_by(), "max-disconnect-timeout");
  EXPECT_EQ(it.outcome.followups[0].wait_until(), it.cluster.now_ns() + 300 * second);
  EXPECT_EQ(it.allocs().size(), 2U);
  EXPECT_TRUE(it.cluster.run("job").plan.empty());

  it.cluster.advance(301 * second);
  it.cluster.run(it.outcome.followups[0]);
  EXPECT_EQ(it.cluster.alloc(it.original->id)->client, ClientStatus::lost);
  EXPECT_EQ(it.allocs().size(), 1U);
}

TEST(Disconnect, without_replace_nothing_is_placed_while_it_is_unknown) {
  Disconnected it(JobBuilder("job").no_update().disconnect(300 * second, false));
  EXPECT_TRUE(it.outcome.plan.place.empty());
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
  it.reconnect();
  it.cluster.run("job");
  ASSERT_EQ(it.allocs().size(), 1U);
  EXPECT_EQ(it.allocs().front()->id, it.original->id);
  EXPECT_EQ(it.allocs().front()->more().disconnected_at, 0);
}

TEST(Disconnect, on_reconnect_one_of_the_two_stays_as_the_job_says) {
  for (const char* strategy : {"keep_original", "keep_replacement", "longest_running"}) {
    JobBuilder job("job");
    job.no_update().disconnect(300 * second);
    job.group().mutable_disconnect()->set_reconcile(strategy);
    Disconnected it(job);
    it.cluster.advance(second);
    for (const AllocRef& alloc : it.allocs()) {
      if (alloc->id != it.original->id) it.cluster.report(alloc->id, ClientStatus::running);
    }
    it.reconnect();
    it.cluster.run("job");
    ASSERT_EQ(it.allocs().size(), 1U) << strategy;
    EXPECT_EQ(it.allocs().front()->id == it.original->id,
              std::string(strategy) != "keep_replacement")
        << strategy;
    EXPECT_TRUE(it.cluster.run("job").plan.empty()) << strategy;
  }
}

TEST(Disconnect, a_replacement_of_a_newer_version_always_wins) {
  JobBuilder job("job");
  job.no_update().disconnect(300 * second);
  job.group().mutable_disconnect()->set_reconcile("keep_original");
  Disconnected it(job);
  it.cluster.put_job(job.env("A", "1"));
  it.cluster.run("job");
  it.reconnect();
  it.cluster.run("job");
  ASSERT_EQ(it.allocs().size(), 1U);
  EXPECT_NE(it.allocs().front()->id, it.original->id);
}

TEST(StickyDisk, a_successor_goes_back_to_the_node_of_its_data) {
  JobBuilder job("job");
  job.no_update().group().mutable_ephemeral_disk()->set_sticky(true);
  Running it(job);
  const NodeId home = it.allocs().front()->node;
  for (const char* version : {"1", "2", "3"}) {
    it.cluster.put_job(job.env("V", version));
    it.cluster.run("job");
    EXPECT_EQ(it.allocs().front()->node, home);
  }
}

TEST(Deployment, the_first_registration_creates_one_and_places_everything) {
  Running it(JobBuilder("job").count(4));
  const auto deployment = it.cluster.latest_deployment({"default", "job"});
  ASSERT_TRUE(deployment);
  EXPECT_EQ(deployment->status(), "running");
  EXPECT_EQ(deployment->task_groups().at("web").desired_total(), 4);
  EXPECT_EQ(deployment->task_groups().at("web").placed_allocs(), 4);
  it.all_healthy();
  const auto outcome = it.cluster.run("job");
  ASSERT_EQ(outcome.plan.deployment_updates.size(), 1U);
  EXPECT_EQ(outcome.plan.deployment_updates[0].status, "successful");
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
}

TEST(Deployment, a_destructive_update_waits_for_health_max_parallel_at_a_time) {
  Running it(JobBuilder("job").count(3).max_parallel(1));
  it.all_healthy();
  it.cluster.run("job");
  it.cluster.put_job(JobBuilder("job").count(3).max_parallel(1).env("A", "1"));
  for (int round = 1; round <= 3; ++round) {
    EXPECT_EQ(it.cluster.run("job").plan.place.size(), 1U);
    EXPECT_TRUE(it.cluster.run("job").plan.empty()) << "not before the last one is healthy";
    it.all_healthy();
  }
  EXPECT_EQ(it.cluster.run("job").plan.deployment_updates.at(0).status, "successful");
  for (const AllocRef& alloc : it.allocs()) EXPECT_EQ(alloc->job->version(), 1U);
}

TEST(Deployment, an_unhealthy_allocation_or_a_pause_holds_the_update) {
  Running it(JobBuilder("job").count(3));
  it.all_healthy();
  it.cluster.run("job");
  it.cluster.put_job(JobBuilder("job").count(3).env("A", "1"));
  it.cluster.run("job");
  for (const AllocRef& alloc : it.allocs()) {
    if (alloc->job->version() == 1) it.cluster.report_health(alloc->id, false);
  }
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
  it.all_healthy();
  it.cluster.edit_deployment("job", [](model::Deployment& d) { d.set_status("paused"); });
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
}

TEST(Deployment, a_newer_version_cancels_it) {
  Running it(JobBuilder("job").count(2));
  it.cluster.put_job(JobBuilder("job").count(2).env("A", "1"));
  const auto outcome = it.cluster.run("job");
  EXPECT_EQ(outcome.plan.deployment_updates.at(0).status, "cancelled");
  ASSERT_TRUE(outcome.plan.deployment);
  EXPECT_EQ(outcome.plan.deployment->job_version(), 1U);
}

TEST(Deployment, a_failed_allocation_waits_for_the_watchers_word) {
  Running it(JobBuilder("job"));
  const AllocId failed = it.allocs().front()->id;
  it.cluster.report(failed, ClientStatus::failed);
  it.cluster.advance(60 * second);
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
  it.cluster.edit(failed, [](AllocEdit& edit) { edit.extra().transition.reschedule = true; });
  EXPECT_EQ(it.cluster.run("job").plan.place.size(), 1U);
}

TEST(Canary, runs_beside_the_old_version_until_it_is_promoted) {
  Running it(JobBuilder("job").count(3).canary(1));
  it.all_healthy();
  it.cluster.run("job");
  it.cluster.put_job(JobBuilder("job").count(3).canary(1).max_parallel(2).env("A", "1"));
  it.cluster.run("job");
  ASSERT_EQ(it.allocs().size(), 4U);
  const auto deployment = it.cluster.latest_deployment({"default", "job"});
  EXPECT_EQ(deployment->status_description(),
            "Deployment is running but requires manual promotion");
  EXPECT_EQ(deployment->task_groups().at("web").desired_canaries(), 1);
  EXPECT_TRUE(it.cluster.run("job").plan.empty());

  // What is lost meanwhile is replaced in its old version.
  it.all_healthy();
  for (const AllocRef& alloc : it.allocs()) {
    if (alloc->name_index == 2) it.cluster.set_node_status(alloc->node, "down");
  }
  it.cluster.run("job");
  for (const AllocRef& alloc : it.allocs()) {
    EXPECT_EQ(alloc->job->version(), alloc->more().canary ? 1U : 0U);
  }

  it.all_healthy();
  it.cluster.edit_deployment(
      "job", [](model::Deployment& d) { (*d.mutable_task_groups())["web"].set_promoted(true); });
  for (const AllocRef& alloc : it.allocs()) {
    if (alloc->more().canary) {
      it.cluster.edit(alloc->id, [](AllocEdit& edit) { edit.extra().canary = false; });
    }
  }
  for (int round = 0; round < 5; ++round) {
    it.cluster.run("job");
    it.all_healthy();
  }
  ASSERT_EQ(it.allocs().size(), 3U);
  for (const AllocRef& alloc : it.allocs()) EXPECT_EQ(alloc->job->version(), 1U);
}

TEST(Canary, of_a_failed_deployment_is_stopped) {
  Running it(JobBuilder("job").count(2).canary(1));
  it.all_healthy();
  it.cluster.run("job");
  it.cluster.put_job(JobBuilder("job").count(2).canary(1).env("A", "1"));
  it.cluster.run("job");
  it.cluster.edit_deployment("job", [](model::Deployment& d) { d.set_status("failed"); });
  it.cluster.run("job");
  ASSERT_EQ(it.allocs().size(), 2U);
  for (const AllocRef& alloc : it.allocs()) EXPECT_EQ(alloc->job->version(), 0U);
  EXPECT_TRUE(it.cluster.run("job").plan.empty());
}

}  // namespace
}  // namespace yurt::test
