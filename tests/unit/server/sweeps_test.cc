#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/server/batch_fixture.h"

namespace yurt::server {
namespace {

using testing::ElementsAre;

class Sweeps : public testing::Test {
 protected:
  void SetUp() override { use(2); }
  void use(int max_running) {
    ASSERT_TRUE(state.register_job(a_parameterized_job("train", max_running)).ok());
  }
  // A grid of this many learning rates: 1, 2, 3 …
  Result<Applied> start(int trials, const std::string& stop_when = "", int max_failures = 0,
                        const std::string& token = "") {
    model::Command command;
    command.set_time(state.tick());
    auto* start = command.mutable_start_sweep();
    start->set_namespace_("default");
    start->set_job_id("train");
    start->set_sweep_id("s" + std::to_string(++started_));
    start->mutable_sweep()->set_method("grid");
    start->mutable_sweep()->set_stop_when(stop_when);
    start->mutable_sweep()->set_max_failures(max_failures);
    auto* parameter = start->mutable_sweep()->add_parameter();
    parameter->set_name("lr");
    parameter->set_from(1);
    parameter->set_to(trials);
    start->mutable_spec()->set_idempotency_token(token);
    return state.apply(command);
  }
  Result<Applied> set_status(const std::string& status, const std::string& id = "s1") {
    model::Command command;
    command.set_time(state.tick());
    command.mutable_set_sweep_status()->set_namespace_("default");
    command.mutable_set_sweep_status()->set_sweep_id(id);
    command.mutable_set_sweep_status()->set_status(status);
    return state.apply(command);
  }
  static std::string trial(int number, const std::string& id = "s1") {
    return "train/sweep-" + id + "-0000" + std::to_string(number);
  }
  SweepRef row(const std::string& id = "s1") {
    return *state.snapshot().tables().sweeps.find({"default", id});
  }
  model::SweepRecord sweep(const std::string& id = "s1") { return *row(id)->record; }
  std::vector<std::string> trial_statuses() {
    std::vector<std::string> out;
    state.snapshot().tables().trials.each([&](const TrialKey&, const TrialRef& trial) {
      out.push_back(trial->status());
      return true;
    });
    return out;
  }
  // The leader stops what is to be stopped, and the tasks end.
  std::vector<std::string> stop_live_trials() {
    std::vector<std::string> stopped;
    for (const auto& command : stop_trials(state.snapshot(), *row(), state.random())) {
      stopped.push_back(command.deregister_job().job_id());
      EXPECT_TRUE(state.apply(command).ok());
    }
    for (const std::string& id : stopped) state.finish_stopping(id);
    return stopped;
  }
  BatchState state;

 private:
  int started_ = 0;
};

TEST_F(Sweeps, become_children_one_after_another_as_the_lane_has_room) {
  ASSERT_TRUE(start(5).ok());
  EXPECT_TRUE(state.started().empty());
  EXPECT_EQ(sweep().total(), 5U);
  state.admit();
  EXPECT_EQ(state.started().size(), 2U);
  EXPECT_EQ(sweep().launched(), 2U);
  EXPECT_EQ(state.record(trial(0))->job->meta().at("lr"), "1");
  EXPECT_EQ(state.record(trial(1))->job->meta().at("lr"), "2");
  EXPECT_EQ(state.record(trial(1))->job->sweep_id(), "s1");
  for (int i = 0; i < 5; ++i) {
    state.end(trial(i));
    state.admit();
    EXPECT_LE(state.counts().pending + state.counts().running, 2);
  }
  EXPECT_EQ(sweep().complete(), 5U);
  EXPECT_EQ(sweep().status(), "complete");
  EXPECT_EQ(state.counts().waiting, 0);
  EXPECT_TRUE(state.snapshot().tables().lanes.empty());
}

TEST_F(Sweeps, share_the_lane_by_priority_with_single_children) {
  use(1);
  ASSERT_TRUE(start(3).ok());
  state.admit();
  ASSERT_TRUE(state.dispatch("urgent", 90).ok());
  ASSERT_TRUE(state.dispatch("later", 50).ok());
  for (int i = 0; i < 5; ++i) {
    state.end("train/" + std::string(state.started().back() == "urgent" ? "dispatch-urgent"
                                     : state.started().back() == "later"
                                         ? "dispatch-later"
                                         : "sweep-" + state.started().back()));
    state.admit();
  }
  EXPECT_THAT(state.started(), ElementsAre("s1-00000", "urgent", "s1-00001", "s1-00002", "later"));
}

TEST_F(Sweeps, are_found_again_by_their_token) {
  ASSERT_TRUE(start(3, "", 0, "once").ok());
  EXPECT_EQ(start(3, "", 0, "once")->existing, "s1");
  EXPECT_EQ(state.counts().waiting, 1);
}

TEST_F(Sweeps, end_once_a_trial_reports_what_was_looked_for) {
  ASSERT_TRUE(start(9, "accuracy >= 0.9").ok());
  state.admit();
  state.run(trial(0));
  state.run(trial(1));
  state.report_metric(trial(0), "accuracy", 0.5);
  EXPECT_EQ(sweep().status(), "running");
  state.report_metric(trial(1), "accuracy", 0.95);
  EXPECT_EQ(sweep().status(), "complete");
  EXPECT_EQ(sweep().status_description(), "trial 1 met stop_when: accuracy >= 0.9");
  EXPECT_EQ(state.counts().waiting, 0);
  EXPECT_THAT(stop_live_trials(), ElementsAre(trial(0), trial(1)));
  state.admit();
  EXPECT_EQ(state.started().size(), 2U);
  EXPECT_TRUE(stop_live_trials().empty());
  EXPECT_EQ(sweep().status(), "complete");
}

TEST_F(Sweeps, end_after_too_many_failures_and_let_running_trials_end) {
  ASSERT_TRUE(start(9, "", 2).ok());
  state.admit();
  state.end(trial(0), "failed");
  EXPECT_EQ(sweep().status(), "running");
  state.admit();
  state.run(trial(2));
  state.end(trial(1), "failed");
  EXPECT_EQ(sweep().status(), "failed");
  EXPECT_EQ(sweep().status_description(), "2 trials failed: max_failures is 2");
  EXPECT_TRUE(stop_live_trials().empty());
  state.admit();
  EXPECT_EQ(state.started().size(), 3U);
  state.end(trial(2));
  EXPECT_THAT(trial_statuses(), ElementsAre("failed", "failed", "complete"));
}

TEST_F(Sweeps, go_on_when_they_are_resumed_until_a_further_trial_fails) {
  ASSERT_TRUE(start(9, "", 1).ok());
  state.admit();
  state.end(trial(0), "failed");
  ASSERT_EQ(sweep().status(), "failed");
  ASSERT_TRUE(set_status("running").ok());
  state.admit();
  state.end(trial(1));
  EXPECT_EQ(sweep().status(), "running");
  state.end(trial(2), "failed");
  EXPECT_EQ(sweep().status(), "failed");
}

TEST_F(Sweeps, that_are_stopped_stop_their_trials_and_start_no_more) {
  ASSERT_TRUE(start(9).ok());
  state.admit();
  state.run(trial(0));
  ASSERT_TRUE(set_status("stopped").ok());
  EXPECT_EQ(stop_live_trials().size(), 2U);
  state.admit();
  EXPECT_EQ(state.started().size(), 2U);
  EXPECT_EQ(state.counts().pending + state.counts().running, 0);
  ASSERT_TRUE(set_status("running").ok());
  state.admit();
  EXPECT_EQ(state.started().size(), 4U) << "those that had not started";
}

TEST_F(Sweeps, that_are_over_when_resumed_are_complete) {
  ASSERT_TRUE(start(2).ok());
  state.admit();
  ASSERT_TRUE(set_status("stopped").ok());
  stop_live_trials();
  ASSERT_TRUE(set_status("running").ok());
  EXPECT_EQ(sweep().status(), "complete");
  EXPECT_EQ(set_status("stopped").error().code, ErrorCode::failed_precondition);
  EXPECT_EQ(set_status("running").error().code, ErrorCode::failed_precondition);
  EXPECT_EQ(set_status("stopped", "unknown").error().code, ErrorCode::not_found);
}

TEST_F(Sweeps, count_a_trial_that_is_purged_as_one_that_was_stopped) {
  ASSERT_TRUE(start(2).ok());
  state.admit();
  ASSERT_TRUE(state.stop(trial(0), true).ok());
  state.end(trial(1));
  EXPECT_EQ(sweep().status(), "complete");
  EXPECT_THAT(trial_statuses(), ElementsAre("stopped", "complete"));
}

TEST_F(Sweeps, end_with_their_job_when_that_is_purged) {
  ASSERT_TRUE(start(5).ok());
  state.admit();
  ASSERT_TRUE(state.stop("train", true).ok());
  EXPECT_EQ(sweep().status(), "failed");
  EXPECT_EQ(sweep().status_description(), "its job was purged");
  use(2);
  EXPECT_EQ(set_status("running").error().code, ErrorCode::failed_precondition);
}

TEST_F(Sweeps, without_a_lane_launch_no_more_than_can_soon_be_placed) {
  use(0);
  ASSERT_TRUE(start(1000).ok());
  state.admit();
  EXPECT_EQ(state.counts().pending, unplaced_children_window);
  state.admit();
  EXPECT_EQ(state.counts().pending, unplaced_children_window);
}

TEST_F(Sweeps, that_ended_long_ago_are_forgotten_with_their_trials_and_tokens) {
  const auto trim = [&](std::int64_t before) {
    model::Command command;
    command.set_time(state.tick());
    command.mutable_trim_sweeps()->set_finished_before(before);
    ASSERT_TRUE(state.apply(command).ok());
  };
  ASSERT_TRUE(start(2, "", 0, "token").ok());
  state.admit();
  trim(INT64_MAX);
  EXPECT_NE(state.snapshot().tables().sweeps.find({"default", "s1"}), nullptr) << "it runs";
  state.end(trial(0));
  state.end(trial(1));
  ASSERT_EQ(row()->record->status(), "complete");
  trim(row()->record->finish_time());
  EXPECT_NE(state.snapshot().tables().sweeps.find({"default", "s1"}), nullptr) << "not old enough";
  trim(row()->record->finish_time() + 1);
  EXPECT_TRUE(state.snapshot().tables().sweeps.empty());
  EXPECT_TRUE(state.snapshot().tables().trials.empty());
  EXPECT_TRUE(start(1, "", 0, "token")->existing.empty());
}

TEST_F(Sweeps, show_their_plan_though_it_is_kept_once) {
  ASSERT_TRUE(start(2, "accuracy > 1").ok());
  EXPECT_FALSE(row()->record->has_sweep());
  EXPECT_EQ(row()->whole().sweep().stop_when(), "accuracy > 1");
  EXPECT_EQ(row()->whole().id(), "s1");
}

}  // namespace
}  // namespace yurt::server
