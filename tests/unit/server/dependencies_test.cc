#include "server/leader/dependencies.h"

#include <gtest/gtest.h>

#include "tests/unit/server/batch_fixture.h"

namespace yurt::server {
namespace {

class After : public testing::Test {
 protected:
  static model::Job after(const std::string& id, const std::string& other,
                          const std::string& status = "complete") {
    model::Job job = a_job(id, "batch");
    auto* one = job.add_after();
    one->set_job(other);
    one->set_status(status);
    return job;
  }
  model::Command registration(const model::Job& job) {
    model::Command command;
    command.set_time(state.tick());
    *command.mutable_register_job()->mutable_job() = job;
    *command.mutable_register_job()->mutable_evaluation() = an_eval(job, state.random());
    return command;
  }
  void use(const model::Job& job) { ASSERT_TRUE(state.apply(registration(job)).ok()); }
  bool release() {
    auto command = next_release(state.snapshot(), state.random());
    if (!command) return false;
    command->set_time(state.tick());
    EXPECT_TRUE(state.apply(*command).ok());
    return true;
  }
  bool is_evaluated(const std::string& id) {
    return !state.snapshot().evals_of_job(state.key(id)).empty();
  }
  BatchState state;
};

TEST_F(After, waits_until_the_other_job_has_ended) {
  use(a_job("features", "batch"));
  use(after("train", "features"));
  EXPECT_EQ(state.status_of("train"), "pending");
  EXPECT_FALSE(is_evaluated("train"));
  EXPECT_FALSE(release());
  state.end("features");
  EXPECT_TRUE(release());
  EXPECT_TRUE(is_evaluated("train"));
  EXPECT_FALSE(release()) << "once";
}

TEST_F(After, runs_at_once_when_the_other_has_ended_already) {
  use(a_job("features", "batch"));
  state.end("features");
  use(after("train", "features"));
  EXPECT_TRUE(is_evaluated("train"));
}

TEST_F(After, is_given_up_when_the_other_ends_otherwise) {
  use(a_job("features", "batch"));
  use(after("train", "features"));
  use(after("report", "train"));
  use(after("mourn", "features", "failed"));
  use(after("tidy", "features", "dead"));
  state.end("features", "failed");
  while (release()) continue;
  EXPECT_EQ(state.status_of("train"), "dead");
  EXPECT_TRUE(state.record("train")->job->stop());
  EXPECT_EQ(state.record("train")->job->status_description(),
            "job \"features\" ended failed; complete was asked for");
  EXPECT_EQ(state.status_of("report"), "dead") << "what waited for it is given up too";
  EXPECT_TRUE(is_evaluated("mourn"));
  EXPECT_TRUE(is_evaluated("tidy"));
}

TEST_F(After, is_given_up_when_the_other_is_purged) {
  use(a_job("features", "batch"));
  use(after("train", "features"));
  ASSERT_TRUE(state.stop("features", true).ok());
  EXPECT_TRUE(release());
  EXPECT_EQ(state.record("train")->job->status_description(),
            "job \"features\", which it waited for, is gone");
}

TEST_F(After, waits_for_jobs_that_are_registered_with_it) {
  use(a_job("features", "batch"));
  state.end("features");
  ASSERT_EQ(state.status_of("features"), "dead");
  // The job it waits for runs again, as a new version.
  model::Job again = a_job("features", "batch");
  again.set_priority(60);
  model::Command command;
  command.set_time(state.tick());
  *command.mutable_register_jobs()->add_jobs() = registration(again).register_job();
  *command.mutable_register_jobs()->add_jobs() =
      registration(after("train", "features")).register_job();
  ASSERT_TRUE(state.apply(command).ok());
  EXPECT_FALSE(is_evaluated("train"));
  EXPECT_FALSE(release());
}

TEST_F(After, that_is_stopped_waits_no_more) {
  use(a_job("features", "batch"));
  use(after("train", "features"));
  ASSERT_TRUE(state.stop("train").ok());
  EXPECT_EQ(state.status_of("train"), "dead");
  state.end("features");
  EXPECT_FALSE(release());
}

TEST_F(After, holds_for_dispatched_children) {
  use(a_job("features", "batch"));
  model::Job parent = a_parameterized_job("train");
  *parent.add_after() = after("x", "features").after(0);
  ASSERT_TRUE(state.register_job(parent).ok());
  EXPECT_TRUE(state.dispatch("a")->waiting);
  EXPECT_EQ(state.status_of(state.child("a")), "pending");
  EXPECT_FALSE(is_evaluated(state.child("a")));
  state.end("features");
  EXPECT_TRUE(release());
  EXPECT_TRUE(is_evaluated(state.child("a")));
}

}  // namespace
}  // namespace yurt::server
