// A crash at any point of restoring a received snapshot leaves the old state or the new.
#include <gtest/gtest.h>

#include "base/file.h"
#include "raft/shell/incoming_snapshot.h"
#include "raft/shell/snapshot_folder.h"
#include "tests/unit/raft_shell/list_machine.h"
#include "tests/unit/raft_shell/temporary_folder.h"

namespace yurt::raft::testing {
namespace {

class Install : public ::testing::Test {
 protected:
  // A snapshot of two commands at index 9, received and synced.
  Install() {
    ListMachine source(folder_.path() / "source");
    source.skip_to(1);
    for (Index index = 2; index <= 9; ++index) {
      const StateMachine::Committed command{index, 1, "x"};
      static_cast<void>(source.apply({&command, 1}));
    }
    EXPECT_TRUE(make_folders(received()).ok());
    EXPECT_TRUE(source.take_snapshot(received()).ok());
    reopen();
  }

  void reopen() {
    store_.reset();
    machine_ = std::make_unique<ListMachine>(folder_.path() / "machine");
    store_ = std::move(*LogStore::open(folder_.path() / "log"));
  }
  Status resume() { return resume_install(*store_, *machine_, snapshots()); }
  std::filesystem::path snapshots() const { return folder_.path() / "snapshots"; }
  std::filesystem::path received() const { return snapshots() / "received-1"; }

  void expect_new_state() {
    EXPECT_EQ(machine_->durable_index(), 9U);
    EXPECT_EQ(machine_->commands().size(), 8U);
    EXPECT_EQ(store_->recovered().start, (LogStart{9, 1}));
    EXPECT_EQ(store_->recovered().last_index, 9U);
    EXPECT_TRUE(std::filesystem::is_empty(snapshots()));
    reopen();
    EXPECT_FALSE(store_->recovered().install.has_value());
    EXPECT_EQ(store_->recovered().start, (LogStart{9, 1}));
  }

  const SnapshotMeta meta_{9, 1, {{{1, "a:1", true}}}};
  TemporaryFolder folder_;
  std::unique_ptr<LogStore> store_;
  std::unique_ptr<ListMachine> machine_;
};

TEST_F(Install, LeavesTheOldStateWhenTheMarkWasNotWritten) {
  ASSERT_TRUE(resume().ok());
  EXPECT_EQ(machine_->durable_index(), 0U);
  EXPECT_EQ(store_->recovered().last_index, 0U);
  EXPECT_TRUE(std::filesystem::is_empty(snapshots())) << "and the files are gone";
}

TEST_F(Install, IsFinishedAfterACrashBeforeTheMachineWasRestored) {
  ASSERT_TRUE(store_->begin_install({meta_, "received-1"}).ok());
  reopen();
  ASSERT_TRUE(resume().ok());
  expect_new_state();
}

TEST_F(Install, IsFinishedAfterACrashBetweenMachineAndLog) {
  ASSERT_TRUE(store_->begin_install({meta_, "received-1"}).ok());
  ASSERT_TRUE(machine_->restore(received(), 9).ok());
  reopen();
  ASSERT_TRUE(resume().ok());
  EXPECT_EQ(machine_->restores(), 0) << "it was restored already";
  expect_new_state();
}

TEST_F(Install, IsForgottenAfterACrashWhenTheLogHasFollowed) {
  ASSERT_TRUE(store_->begin_install({meta_, "received-1"}).ok());
  ASSERT_TRUE(machine_->restore(received(), 9).ok());
  Write write;
  write.sequence = 1;
  write.hard_state = HardState{1, 0};
  write.truncate_from = 1;
  write.start = LogStart{9, 1};
  ASSERT_TRUE(store_->write({&write, 1}).ok());
  reopen();
  ASSERT_TRUE(resume().ok());
  expect_new_state();
}

TEST_F(Install, IsTriedAgainAtTheNextStartWhenTheMachineCannot) {
  ASSERT_TRUE(store_->begin_install({meta_, "received-1"}).ok());
  reopen();
  machine_->fail_next_restore();
  EXPECT_FALSE(resume().ok());
  reopen();
  ASSERT_TRUE(resume().ok());
  expect_new_state();
}

}  // namespace
}  // namespace yurt::raft::testing
