// What garbage collection leaves alone because batch work still needs it.
#include <gtest/gtest.h>

#include "proto/command.pb.h"
#include "server/leader/garbage.h"
#include "tests/unit/server/batch_fixture.h"

namespace yurt::server {
namespace {

bool would_collect(const BatchState& state, const std::string& job) {
  const auto found = find_garbage(state.snapshot(), 0, GarbageSettings(), true);
  return std::any_of(found.jobs().begin(), found.jobs().end(),
                     [&](const auto& name) { return name.id() == job; });
}

TEST(Garbage, a_finished_job_stays_while_others_wait_for_it) {
  BatchState state;
  ASSERT_TRUE(state.register_job(a_job("features", "batch")).ok());
  ASSERT_TRUE(state.register_job(a_job("slow", "batch")).ok());
  model::Job train = a_job("train", "batch");
  for (const char* other : {"features", "slow"}) {
    train.add_after()->set_job(other);
    train.mutable_after(train.after_size() - 1)->set_status("complete");
  }
  ASSERT_TRUE(state.register_job(train).ok());
  state.end("features");
  ASSERT_EQ(state.status_of("features"), "dead");
  EXPECT_FALSE(would_collect(state, "features"));
  ASSERT_TRUE(state.stop("train").ok());
  EXPECT_TRUE(would_collect(state, "features"));
}

TEST(Garbage, a_stopped_job_stays_while_its_children_wait) {
  BatchState state;
  ASSERT_TRUE(state.register_job(a_parameterized_job("train", 1)).ok());
  ASSERT_TRUE(state.dispatch("a").ok());
  ASSERT_TRUE(state.dispatch("b").ok());
  ASSERT_TRUE(state.stop("train").ok());
  ASSERT_EQ(state.status_of("train"), "dead");
  EXPECT_FALSE(would_collect(state, "train"));
  ASSERT_TRUE(state.stop(state.child("b")).ok());
  EXPECT_TRUE(would_collect(state, "train"));
}

}  // namespace
}  // namespace yurt::server
