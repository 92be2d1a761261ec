#include <gtest/gtest.h>

#include "tests/unit/server/state_fixture.h"

namespace yurt::server {
namespace {

const JobKey web{"default", "web"};

TEST(RegisterJob, makes_a_new_version_only_when_the_specification_changes) {
  TestState state;
  model::Job job = a_job("web");
  ASSERT_TRUE(state.register_job(job).ok());
  const auto first = state.snapshot().job(web);
  EXPECT_EQ(first->version(), 0U);
  ASSERT_TRUE(state.register_job(job).ok());
  EXPECT_EQ(state.snapshot().job(web)->version(), 0U);
  EXPECT_EQ(state.snapshot().job(web)->job_modify_index(), first->job_modify_index());
  job.set_priority(70);
  ASSERT_TRUE(state.register_job(job).ok());
  EXPECT_EQ(state.snapshot().job(web)->version(), 1U);
  EXPECT_GT(state.snapshot().job(web)->job_modify_index(), first->job_modify_index());
  EXPECT_EQ(state.snapshot().job(web)->create_index(), first->create_index());
}

TEST(RegisterJob, keeps_six_versions_the_newest_stable_one_and_tagged_ones) {
  TestState state;
  for (int i = 0; i < 12; ++i) {
    model::Job job = a_job("web");
    job.set_priority(10 + i);
    ASSERT_TRUE(state.register_job(job).ok());
    if (i == 2) {
      model::Command command;
      command.mutable_set_job_stability()->set_namespace_("default");
      command.mutable_set_job_stability()->set_job_id("web");
      command.mutable_set_job_stability()->set_job_version(2);
      command.mutable_set_job_stability()->set_stable(true);
      ASSERT_TRUE(state.apply(command).ok());
    }
  }
  const auto record = state.snapshot().job_record(web);
  ASSERT_EQ(record->versions.size(), 7U);
  EXPECT_EQ(record->versions.front()->version(), 11U);
  EXPECT_EQ(record->versions.back()->version(), 2U);
}

TEST(RegisterJob, refuses_when_the_enforced_index_is_not_the_stored_one) {
  TestState state;
  model::Command command;
  *command.mutable_register_job()->mutable_job() = a_job("web");
  command.mutable_register_job()->set_enforce_index(true);
  ASSERT_TRUE(state.apply(command).ok());
  const auto again = state.apply(command);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  EXPECT_TRUE(again.error().message.starts_with("Enforcing job modify index"));
  command.mutable_register_job()->set_job_modify_index(
      state.snapshot().job(web)->job_modify_index());
  EXPECT_TRUE(state.apply(command).ok());
}

TEST(RegisterJob, refuses_to_change_a_live_jobs_type) {
  TestState state;
  ASSERT_TRUE(state.register_job(a_job("web", "service")).ok());
  EXPECT_FALSE(state.register_job(a_job("web", "batch")).ok());
}

TEST(JobStatus, follows_evaluations_and_allocations) {
  TestState state;
  SeededRandom random(1);
  const model::Node node = a_node("n", random);
  ASSERT_TRUE(state.register_node(node).ok());
  const model::Job job = a_job("work", "batch");
  model::Command command;
  *command.mutable_register_job()->mutable_job() = job;
  *command.mutable_register_job()->mutable_evaluation() = an_eval(job, random);
  ASSERT_TRUE(state.apply(command).ok());
  EXPECT_EQ(state.status_of("work"), "pending");
  const AllocId alloc = state.place(job, node, random);
  EXPECT_EQ(state.status_of("work"), "running");
  model::Evaluation done = command.register_job().evaluation();
  done.set_status("complete");
  model::Command finish;
  *finish.mutable_upsert_evaluations()->add_evaluations() = done;
  ASSERT_TRUE(state.apply(finish).ok());
  EXPECT_EQ(state.status_of("work"), "running");
  state.report(alloc, "complete");
  EXPECT_EQ(state.status_of("work"), "dead");
  const auto record = state.snapshot().job_record({"default", "work"});
  const auto complete = static_cast<std::size_t>(ClientStatus::complete);
  EXPECT_EQ(record->groups.at("g").by_client_status[complete], 1);
}

TEST(DeregisterJob, stops_as_a_new_version_and_purging_forgets_the_job) {
  TestState state;
  ASSERT_TRUE(state.register_job(a_job("web")).ok());
  model::Command command;
  command.mutable_deregister_job()->set_namespace_("default");
  command.mutable_deregister_job()->set_job_id("web");
  ASSERT_TRUE(state.apply(command).ok());
  EXPECT_TRUE(state.snapshot().job(web)->stop());
  EXPECT_EQ(state.snapshot().job(web)->version(), 1U);
  command.mutable_deregister_job()->set_purge(true);
  ASSERT_TRUE(state.apply(command).ok());
  EXPECT_EQ(state.snapshot().job(web), nullptr);
  EXPECT_TRUE(state.apply(command).ok()) << "an unknown job is no error";
}

TEST(RegisterNode, keeps_drain_and_eligibility_and_refuses_another_secret) {
  TestState state;
  SeededRandom random(2);
  model::Node node = a_node("n", random);
  ASSERT_TRUE(state.register_node(node).ok());
  model::Command command;
  command.mutable_update_node_eligibility()->set_node_id(
      NodeId::parse_or_nil(node.id()).to_bytes());
  command.mutable_update_node_eligibility()->set_eligibility("ineligible");
  ASSERT_TRUE(state.apply(command).ok());
  ASSERT_TRUE(state.register_node(node).ok());
  EXPECT_EQ(state.snapshot().node(NodeId::parse_or_nil(node.id()))->scheduling_eligibility(),
            "ineligible");
  node.set_secret_id("another");
  const auto stolen = state.register_node(node);
  ASSERT_FALSE(stolen.ok());
  EXPECT_EQ(stolen.error().code, ErrorCode::permission_denied);
}

TEST(Namespaces, with_live_jobs_cannot_be_deleted) {
  TestState state;
  model::Command make;
  make.mutable_upsert_namespaces()->add_namespaces()->set_name("team");
  ASSERT_TRUE(state.apply(make).ok());
  model::Job job = a_job("web");
  job.set_namespace_("team");
  ASSERT_TRUE(state.register_job(job).ok());
  model::Command remove;
  remove.mutable_delete_namespaces()->add_names("team");
  EXPECT_FALSE(state.apply(remove).ok());
  remove.mutable_delete_namespaces()->set_names(0, "default");
  EXPECT_FALSE(state.apply(remove).ok());
}

}  // namespace
}  // namespace yurt::server
