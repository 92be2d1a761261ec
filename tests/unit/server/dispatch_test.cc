#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/state/child_job.h"
#include "tests/unit/server/batch_fixture.h"

namespace yurt::server {
namespace {

using testing::ElementsAre;

class Dispatch : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(state.register_job(a_parameterized_job("train")).ok()); }
  BatchState state;
};

TEST_F(Dispatch, makes_a_job_with_an_evaluation_of_its_own) {
  const auto applied = state.dispatch("a");
  ASSERT_TRUE(applied.ok()) << applied.error().message;
  EXPECT_FALSE(applied->waiting);
  EXPECT_TRUE(applied->existing.empty());
  const JobRef child = state.record(state.child("a"))->job;
  EXPECT_EQ(child->parent_id(), "train");
  EXPECT_TRUE(child->dispatched());
  EXPECT_TRUE(child->has_parameterized());
  EXPECT_EQ(child->status(), "pending");
  EXPECT_EQ(state.snapshot().evals_of_job(state.key(state.child("a"))).size(), 1U);
  EXPECT_EQ(state.counts().pending, 1);
}

TEST_F(Dispatch, adds_its_meta_payload_priority_and_overrides_to_the_job) {
  model::Job parent = a_parameterized_job("train");
  (*parent.mutable_meta())["team"] = "vision";
  (*parent.mutable_meta())["lr"] = "1";
  ASSERT_TRUE(state.register_job(parent).ok());
  model::DispatchSpec spec;
  (*spec.mutable_meta())["lr"] = "0.1";
  spec.set_payload("data");
  spec.set_priority(80);
  spec.mutable_overrides()->set_memory(4096);
  spec.mutable_overrides()->set_count(3);
  ASSERT_TRUE(state.apply(state.dispatch_command("a", spec)).ok());
  const JobRef child = state.record(state.child("a"))->job;
  EXPECT_EQ(child->meta().at("team"), "vision");
  EXPECT_EQ(child->meta().at("lr"), "0.1");
  EXPECT_EQ(child->payload(), "data");
  EXPECT_EQ(child->priority(), 80);
  EXPECT_EQ(child->group(0).count(), 3);
  EXPECT_EQ(child->group(0).task(0).resources().memory(), 4096);
}

TEST_F(Dispatch, with_a_token_that_a_child_carries_answers_with_that_child) {
  ASSERT_TRUE(state.dispatch("a", 0, "once").ok());
  const auto again = state.dispatch("b", 0, "once");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->existing, state.child("a"));
  EXPECT_EQ(state.record(state.child("b")), nullptr);
  state.end(state.child("a"));
  EXPECT_EQ(state.status_of(state.child("a")), "dead");
  EXPECT_EQ(state.dispatch("c", 0, "once")->existing, state.child("a")) << "dead, and still there";
  ASSERT_TRUE(state.stop(state.child("a"), true).ok());
  EXPECT_TRUE(state.dispatch("d", 0, "once")->existing.empty()) << "gone, and its token with it";
}

TEST_F(Dispatch, of_two_racing_servers_with_one_token_gives_one_child) {
  model::DispatchSpec spec;
  spec.set_idempotency_token("once");
  const auto one = state.dispatch_command("a", spec), two = state.dispatch_command("b", spec);
  ASSERT_TRUE(state.apply(one).ok());
  EXPECT_EQ(state.apply(two)->existing, state.child("a"));
  EXPECT_THAT(state.started(), ElementsAre("a"));
}

TEST_F(Dispatch, tells_tokens_of_different_jobs_apart) {
  ASSERT_TRUE(state.dispatch("a", 0, "once").ok());
  ASSERT_TRUE(state.register_job(a_parameterized_job("other")).ok());
  model::DispatchSpec spec;
  spec.set_idempotency_token("once");
  model::Command command = state.dispatch_command("b", spec);
  command.mutable_dispatch_job()->set_job_id("other");
  command.mutable_dispatch_job()->set_child_id("other/dispatch-b");
  EXPECT_TRUE(state.apply(command)->existing.empty());
}

TEST_F(Dispatch, is_refused_for_what_is_not_parameterized_or_stopped) {
  ASSERT_TRUE(state.register_job(a_job("plain", "batch")).ok());
  model::Command command = state.dispatch_command("a");
  command.mutable_dispatch_job()->set_job_id("plain");
  EXPECT_EQ(state.apply(command).error().message,
            "Specified job \"plain\" is not a parameterized job");
  command.mutable_dispatch_job()->set_job_id("unknown");
  EXPECT_EQ(state.apply(command).error().code, ErrorCode::not_found);
  ASSERT_TRUE(state.dispatch("a").ok());
  command.mutable_dispatch_job()->set_job_id(state.child("a"));
  EXPECT_FALSE(state.apply(command).ok()) << "a child is not dispatched again";
  ASSERT_TRUE(state.stop("train").ok());
  EXPECT_EQ(state.dispatch("b").error().message, "Specified job \"train\" is stopped");
}

TEST_F(Dispatch, refuses_an_id_that_is_taken) {
  ASSERT_TRUE(state.dispatch("a").ok());
  EXPECT_EQ(state.dispatch("a").error().code, ErrorCode::conflict);
}

TEST_F(Dispatch, counts_children_by_status_until_they_are_gone) {
  ASSERT_TRUE(state.dispatch("a").ok());
  ASSERT_TRUE(state.dispatch("b").ok());
  state.run(state.child("a"));
  EXPECT_EQ(state.counts().pending, 1);
  EXPECT_EQ(state.counts().running, 1);
  state.end(state.child("a"));
  EXPECT_EQ(state.counts().running, 0);
  EXPECT_EQ(state.counts().dead, 1);
  ASSERT_TRUE(state.stop(state.child("b"), true).ok());
  EXPECT_EQ(state.counts().pending, 0) << "purged before it ran";
  ASSERT_TRUE(state.stop(state.child("a"), true).ok());
  EXPECT_EQ(state.counts().dead, 0);
}

TEST_F(Dispatch, goes_on_when_its_parent_is_stopped_purged_or_registered_anew) {
  ASSERT_TRUE(state.dispatch("a").ok());
  state.run(state.child("a"));
  ASSERT_TRUE(state.stop("train", true).ok());
  EXPECT_EQ(state.status_of(state.child("a")), "running");
  ASSERT_TRUE(state.register_job(a_parameterized_job("train")).ok());
  state.end(state.child("a"));
  EXPECT_EQ(state.status_of(state.child("a")), "dead");
  EXPECT_EQ(state.counts().running, 0) << "it is no child of the new job";
  EXPECT_EQ(state.counts().dead, 0);
}

TEST_F(Dispatch, of_work_with_a_cache_key_is_answered_by_one_that_did_not_fail) {
  ASSERT_TRUE(state.dispatch("a", 0, "cache-v1").ok());
  EXPECT_EQ(state.dispatch("b", 0, "cache-v1")->existing, state.child("a")) << "it is under way";
  state.end(state.child("a"), "failed");
  ASSERT_EQ(state.status_of(state.child("a")), "dead");
  EXPECT_TRUE(state.dispatch("c", 0, "cache-v1")->existing.empty()) << "it left nothing behind";
  state.end(state.child("c"));
  EXPECT_EQ(state.dispatch("d", 0, "cache-v1")->existing, state.child("c"));
  // The token is the younger one's: it stays when the older one goes.
  ASSERT_TRUE(state.stop(state.child("a"), true).ok());
  EXPECT_EQ(state.dispatch("e", 0, "cache-v1")->existing, state.child("c"));
}

TEST(CacheToken, is_the_key_with_the_parameters_filled_in) {
  model::Job job = a_parameterized_job("train");
  google::protobuf::Map<std::string, std::string> meta;
  EXPECT_EQ(cache_token(job, meta), "");
  job.set_cache_key("v1-${NOMAD_META_lr}-${NOMAD_META_team}-${NOMAD_META_none}");
  (*job.mutable_meta())["team"] = "vision";
  (*job.mutable_meta())["lr"] = "1";
  EXPECT_EQ(cache_token(job, meta), "cache-v1-1-vision-");
  meta["lr"] = "${NOMAD_META_team}";
  EXPECT_EQ(cache_token(job, meta), "cache-v1-${NOMAD_META_team}-vision-") << "not filled in twice";
}

}  // namespace
}  // namespace yurt::server
