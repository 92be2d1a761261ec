// Deployments from release to end: health, canaries, promotion, failure, return.
#include "tests/unit/server/release_fixture.h"

namespace yurt::server {
namespace {

// A stable first version of three instances on `nodes` nodes.
Releases settled(int nodes = 5) {
  Releases it(nodes);
  it.release(a_service(), true);
  it.settle(8);
  EXPECT_EQ(it.status(), "successful: Deployment completed successfully");
  return it;
}

test::JobBuilder with_canaries(int canaries, const std::string& placement = "") {
  test::JobBuilder job = a_service().canary(canaries);
  if (!placement.empty()) update_of(job).set_canary_placement(placement);
  return job;
}

TEST(Releases, a_success_makes_the_version_stable) {
  const Releases it = settled();
  EXPECT_TRUE(it.now().job(Releases::key())->stable());
}

TEST(Releases, canaries_wait_for_a_promotion_and_time_does_not_pass_for_them) {
  Releases it = settled();
  it.release(with_canaries(1), true);
  it.settle(4);
  EXPECT_EQ(it.running().size(), 4U);
  it.pass(7200);
  it.settle(4);
  EXPECT_EQ(it.deployment()->status(), "running");
  ASSERT_TRUE(it.promote().ok());
  for (const AllocRef& alloc : it.running()) EXPECT_FALSE(alloc->more().canary);
  EXPECT_EQ(it.deployment()->status_description(), "Deployment is running");
  it.settle();
  EXPECT_EQ(it.status(), "successful: Deployment completed successfully");
  EXPECT_EQ(it.picture(), "0:v1 1:v1 2:v1");
}

TEST(Releases, a_promotion_tells_the_agents_and_is_refused_until_canaries_are_healthy) {
  Releases it = settled();
  it.release(with_canaries(2), true);
  it.schedule();
  auto refused = it.promote();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "Task group \"web\" has 0/2 healthy allocations");
  it.settle(4);
  const auto before = it.running();
  ASSERT_TRUE(it.promote().ok());
  int told = 0;
  for (const AllocRef& alloc : before) {
    told += it.now().alloc(alloc->id)->alloc_modify_index != alloc->alloc_modify_index ? 1 : 0;
  }
  EXPECT_EQ(told, 2);
  refused = it.promote();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "no canaries to promote");
}

TEST(Releases, canaries_of_groups_that_say_so_are_promoted_by_themselves) {
  Releases it = settled();
  test::JobBuilder job = with_canaries(1);
  update_of(job).set_auto_promote(true);
  it.release(job, true);
  it.settle();
  EXPECT_EQ(it.status(), "successful: Deployment completed successfully");
}

TEST(Releases, a_bad_one_is_taken_back_and_never_twice) {
  Releases it = settled();
  test::JobBuilder job = a_service();
  update_of(job).set_auto_revert(true);
  update_of(job).set_progress_deadline(0);
  it.release(job, true);
  it.settle();
  ASSERT_EQ(it.picture(), "0:v1 1:v1 2:v1");
  it.release(job, false);
  it.schedule();
  it.progress_all();
  it.progress_all();
  const std::string failed = it.deployment()->id();
  it.watch();
  const auto row = it.now().deployment(DeploymentId::parse_or_nil(failed));
  EXPECT_EQ(row->status_description(),
            "Failed due to unhealthy allocations - rolling back to job version 1");
  EXPECT_EQ(it.version(), 3U) << "the return is a version of its own, in the same command";
  it.settle();
  EXPECT_EQ(it.picture(), "0:v3 1:v3 2:v3");
  EXPECT_EQ(it.status(), "successful: Deployment completed successfully");

  // What was good works no more: going back to itself would go on for ever.
  it.release(job, false);
  it.settle(3);
  for (const AllocRef& alloc : it.running()) it.report(*alloc, "failed", false);
  it.settle();
  EXPECT_EQ(it.version(), 5U);
}

TEST(Releases, a_return_asks_for_no_trial_and_no_promotion) {
  Releases it = settled();
  it.release(with_canaries(1), true);
  it.settle(6);
  ASSERT_TRUE(it.promote().ok());
  it.settle();
  test::JobBuilder bad = a_service(3, 3);
  update_of(bad).set_auto_revert(true);
  update_of(bad).set_progress_deadline(0);
  it.release(bad, false);
  it.settle();
  EXPECT_EQ(it.status(), "successful: Deployment completed successfully");
  EXPECT_EQ(it.picture(), "0:v3 1:v3 2:v3") << "what is stable has proven itself";
}

TEST(Releases, no_progress_in_time_fails_them_but_not_while_they_are_paused) {
  Releases it = settled();
  it.release(a_service(), true);
  it.schedule();
  it.pass(599);
  ASSERT_TRUE(it.move("paused").ok());
  it.pass(7200);
  it.watch();
  EXPECT_EQ(it.deployment()->status(), "paused");
  ASSERT_TRUE(it.move("running").ok());
  it.watch();
  EXPECT_EQ(it.deployment()->status(), "running") << "the clock starts over";
  it.pass(600);
  it.watch();
  EXPECT_EQ(it.status(), "failed: Failed due to progress deadline");
}

TEST(Releases, an_instance_with_no_attempts_left_fails_them_at_once) {
  Releases it = settled();
  test::JobBuilder job = a_service();
  job.group().mutable_reschedule()->set_unlimited(false);
  job.group().mutable_reschedule()->set_attempts(0);
  it.release(job, false);
  it.settle(3);
  EXPECT_EQ(it.status(), "failed: Failed due to unhealthy allocations");
  EXPECT_EQ(it.healthy(), 2) << "the rest of the old version is left alone";
}

TEST(Releases, a_canary_on_full_nodes_takes_one_place_and_gives_it_back) {
  Releases it = settled(3);
  it.release(with_canaries(1), true);
  it.settle(4);
  EXPECT_EQ(it.picture(), "0:v0 1:v0 2:v0") << "beside, where there is no room: it waits";

  it.release(with_canaries(1, "replace"), false);
  it.schedule();
  EXPECT_EQ(it.picture(), "0:v2* 1:v0 2:v0");
  it.settle(2);
  EXPECT_EQ(it.status(), "failed: Failed due to unhealthy allocations");
  it.settle();
  EXPECT_EQ(it.picture(), "0:v0 1:v0 2:v0");
  EXPECT_EQ(it.healthy(), 3);

  it.release(with_canaries(1, "replace"), true);
  it.settle(6);
  EXPECT_EQ(it.picture(), "0:v3* 1:v0 2:v0");
  ASSERT_TRUE(it.promote().ok());
  it.settle();
  EXPECT_EQ(it.picture(), "0:v3 1:v3 2:v3");
  EXPECT_EQ(it.status(), "successful: Deployment completed successfully");
}

TEST(Releases, canaries_take_no_more_places_at_a_time_than_may_be_down) {
  Releases it = settled(3);
  it.release(with_canaries(3, "replace"), true);
  it.schedule();
  EXPECT_EQ(it.picture(), "0:v1* 1:v0 2:v0");
  it.settle();
  EXPECT_EQ(it.picture(), "0:v1* 1:v1* 2:v1*");
}

TEST(Releases, a_canary_that_found_room_beside_leaves_the_old_ones_alone) {
  Releases it = settled(4);
  it.release(with_canaries(1, "replace"), true);
  it.settle(4);
  EXPECT_EQ(it.running().size(), 4U);
  ASSERT_TRUE(it.move("failed").ok());
  it.settle(4);
  EXPECT_EQ(it.picture(), "0:v0 1:v0 2:v0");
}

TEST(Releases, a_newer_canary_inherits_the_place_of_an_older_one) {
  Releases it = settled(3);
  it.release(with_canaries(1, "replace"), true);
  it.settle(4);
  it.release(with_canaries(1, "replace"), true);
  it.settle(4);
  EXPECT_EQ(it.picture(), "0:v2* 1:v0 2:v0");
  ASSERT_TRUE(it.move("failed").ok());
  it.settle(4);
  EXPECT_EQ(it.picture(), "0:v0 1:v0 2:v0");
}

TEST(Releases, places_are_given_back_no_faster_than_may_be_down) {
  for (const bool newer : {false, true}) {
    Releases it = settled(3);
    it.release(with_canaries(2, "replace"), true);
    it.settle(8);
    EXPECT_EQ(it.picture(), "0:v1* 1:v1* 2:v0");
    newer ? it.release(a_service(), true) : static_cast<void>(it.move("failed"));
    it.schedule();
    EXPECT_EQ(it.healthy(), 2) << it.details();
    it.settle(20);
    EXPECT_EQ(it.picture(), newer ? "0:v2 1:v2 2:v2" : "0:v0 1:v0 2:v0");
  }
}

TEST(Releases, health_set_by_hand_counts_as_the_agents_does) {
  Releases it = settled();
  it.release(a_service(), true);
  it.schedule();
  AllocRef fresh;
  for (const AllocRef& alloc : it.running()) {
    if (alloc->job->version() == 1) fresh = alloc;
  }
  model::Command command;
  auto* health = command.mutable_set_alloc_health();
  health->set_deployment_id(DeploymentId::parse_or_nil(it.deployment()->id()).to_bytes());
  health->add_healthy(fresh->id.to_bytes());
  ASSERT_TRUE(it.apply(command).ok());
  EXPECT_EQ(it.group().healthy_allocs(), 1);
  health->clear_healthy();
  health->add_unhealthy(fresh->id.to_bytes());
  ASSERT_TRUE(it.apply(command).ok());
  EXPECT_EQ(it.group().healthy_allocs(), 0);
  EXPECT_EQ(it.group().unhealthy_allocs(), 1);

  health->add_unhealthy(it.running().front()->id == fresh->id
                            ? it.running().back()->id.to_bytes()
                            : it.running().front()->id.to_bytes());
  const auto refused = it.apply(command);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("is not part of deployment"), std::string::npos);
}

TEST(Releases, what_has_ended_is_not_changed_any_more) {
  Releases it = settled();
  EXPECT_EQ(it.move("failed").error().message, "deployment has ended: it is successful");
  EXPECT_EQ(it.promote().error().message, "deployment has ended: it is successful");
}

TEST(VersionTags, keep_a_version_and_name_one_version_only) {
  Releases it = settled();
  const auto tag = [&](const std::string& name, std::optional<std::uint64_t> version) {
    model::Command command;
    auto* change = command.mutable_tag_job_version();
    change->set_namespace_("default");
    change->set_job_id("job");
    change->set_name(name);
    if (version) change->set_version(*version);
    return it.apply(std::move(command));
  };
  ASSERT_TRUE(tag("golden", 0).ok());
  for (int i = 0; i < 9; ++i) it.release(a_service(), true);
  ASSERT_NE(it.now().job_version(Releases::key(), 0), nullptr);
  EXPECT_EQ(it.now().job_version(Releases::key(), 0)->version_tag().name(), "golden");
  EXPECT_EQ(it.now().job_version(Releases::key(), 1), nullptr);
  EXPECT_EQ(tag("golden", 9).error().message,
            "tag \"golden\" already names version 0 of job \"job\": take it away first");
  EXPECT_EQ(tag("golden", 77).ok(), false);
  EXPECT_EQ(tag("silver", std::nullopt).error().message, "tag \"silver\" not found on job \"job\"");
  ASSERT_TRUE(tag("golden", std::nullopt).ok());
  EXPECT_FALSE(it.now().job_version(Releases::key(), 0)->has_version_tag());
}

}  // namespace
}  // namespace yurt::server
