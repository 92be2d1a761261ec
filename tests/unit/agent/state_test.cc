#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "agent/state/identity.h"
#include "agent/state/state_store.h"
#include "tests/support/job_builder.h"

namespace yurt::agent {
namespace {

namespace fs = std::filesystem;

class State : public ::testing::Test {
 protected:
  State() {
    std::string pattern = fs::temp_directory_path() / "yurt-state-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~State() override { fs::remove_all(folder_); }
  std::unique_ptr<StateStore> open() const {
    auto store = StateStore::open(folder_ / "state");
    EXPECT_TRUE(store.ok());
    return std::move(*store);
  }
  fs::path folder_;
};

TEST_F(State, what_was_put_is_there_after_reopening) {
  const auto job = testing::shell_job("true");
  const AllocId id = testing::new_alloc_id();
  const auto assignment = testing::assignment_of(job, id);
  model::AllocUpdate update;
  update.set_id(id.to_bytes());
  update.set_client_status("running");
  const TaskRun run{"raw_exec", "run-1", "{\"pid\":1}", {.count = 2, .window_start_ns = 77}};
  {
    const auto store = open();
    ASSERT_TRUE(store->put_job(JobVersionKey::of(assignment), job).ok());
    ASSERT_TRUE(store->put_assignment(assignment).ok());
    ASSERT_TRUE(store->put_progress(update, {{"main", run}}).ok());
    ASSERT_TRUE(store->put_fact("boot_id", "b").ok());
  }
  const auto store = open();
  const auto loaded = store->load();
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ(loaded->size(), 1U);
  const auto& one = loaded->front();
  EXPECT_EQ(one.assignment.id(), id.to_bytes());
  EXPECT_EQ(one.job->group(0).task(0).name(), "main");
  EXPECT_EQ(one.update.client_status(), "running");
  EXPECT_EQ(one.runs.at("main").reattach_state, "{\"pid\":1}");
  EXPECT_EQ(one.runs.at("main").tracker.count, 2);
  EXPECT_EQ(one.runs.at("main").tracker.window_start_ns, 77);
  EXPECT_FALSE(one.reported);
  EXPECT_EQ(store->fact("boot_id"), "b");
  EXPECT_EQ(store->fact("nothing"), std::nullopt);
}

TEST_F(State, removes_everything_of_an_allocation_and_jobs_nobody_refers_to) {
  const auto job = testing::shell_job("true");
  const auto store = open();
  const AllocId keep = testing::new_alloc_id();
  const AllocId drop = testing::new_alloc_id();
  for (const AllocId id : {keep, drop}) {
    auto assignment = testing::assignment_of(job, id);
    assignment.set_job_version(id == keep ? 1 : 2);
    ASSERT_TRUE(store->put_job(JobVersionKey::of(assignment), job).ok());
    ASSERT_TRUE(store->put_assignment(assignment).ok());
    model::AllocUpdate update;
    update.set_id(id.to_bytes());
    ASSERT_TRUE(store->put_progress(update, {{"main", TaskRun{}}}).ok());
    ASSERT_TRUE(store->put_reported(id).ok());
  }
  ASSERT_TRUE(store->remove(drop).ok());
  ASSERT_TRUE(store->prune_jobs().ok());
  const auto loaded = store->load();
  ASSERT_EQ(loaded->size(), 1U);
  EXPECT_EQ(loaded->front().assignment.id(), keep.to_bytes());
  EXPECT_TRUE(loaded->front().reported);
}

TEST_F(State, refuses_a_second_user) {
  const auto store = open();
  const auto second = StateStore::open(folder_ / "state");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::failed_precondition);
}

TEST_F(State, an_identity_is_made_once_and_never_replaced_silently) {
  SystemRandom random;
  const auto first = load_or_create_identity(folder_, random);
  const auto again = load_or_create_identity(folder_, random);
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(first->id, again->id);
  EXPECT_EQ(first->secret, again->secret);
  EXPECT_EQ(fs::status(folder_ / "node-secret").permissions(), fs::perms(0600));
  std::ofstream(folder_ / "node-id") << "garbage";
  EXPECT_EQ(load_or_create_identity(folder_, random).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace yurt::agent
