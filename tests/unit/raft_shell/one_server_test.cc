// One server that founds a cluster alone: what its user can rely on.
#include <gtest/gtest.h>

#include <any>
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "tests/unit/raft_shell/list_machine.h"
#include "tests/unit/raft_shell/temporary_folder.h"
#include "tests/unit/raft_shell/waiting.h"

namespace yurt::raft::testing {
namespace {

class OneServer : public ::testing::Test {
 protected:
  OneServer() { options_.self = 7, options_.address = "127.0.0.1:1"; }
  ~OneServer() override {
    if (consensus_) consensus_->stop();
  }

  void open() {
    machine_ = std::make_unique<ListMachine>(folder_.path() / "machine");
    options_.folder = folder_.path() / "raft";
    auto opened = Consensus::open(options_, *machine_, clock_, random_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    consensus_ = std::move(*opened);
  }

  void start() {
    consensus_->on_leadership([this](const Leadership& now) {
      const std::lock_guard lock(mutex_);
      leadership_ = now;
      changed_.notify_all();
    });
    consensus_->start();
  }

  void wait_until_leading() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return leadership_.self; });
  }

  void open_and_lead() {
    open();
    start();
    wait_until_leading();
  }

  // Ends the server and starts it again on the same folders.
  void restart() {
    consensus_->stop();
    consensus_.reset();
    {
      const std::lock_guard lock(mutex_);
      leadership_ = {};
    }
    open_and_lead();
  }

  TemporaryFolder folder_;
  Options options_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<ListMachine> machine_;
  std::unique_ptr<Consensus> consensus_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Leadership leadership_;
};

TEST_F(OneServer, LeadsAClusterOfItself) {
  open_and_lead();
  const Leadership leadership = consensus_->leadership();
  EXPECT_EQ(leadership.leader, 7U);
  EXPECT_EQ(leadership.address, "127.0.0.1:1");
  EXPECT_EQ(consensus_->peers(), (std::vector<Peer>{{7, "127.0.0.1:1", true}}));
}

TEST_F(OneServer, AnswersAProposalWithItsIndexAndTheMachinesResult) {
  open_and_lead();
  const auto first = propose(*consensus_, "a");
  const auto second = propose(*consensus_, "b");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->index, first->index + 1);
  EXPECT_EQ(std::any_cast<std::size_t>(second->result), 2U);
  EXPECT_EQ(machine_->commands(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(OneServer, RemembersEveryAnsweredCommandAfterARestart) {
  open_and_lead();
  std::vector<std::string> expected;
  for (int i = 0; i < 50; ++i) {
    expected.push_back("command " + std::to_string(i));
    ASSERT_TRUE(propose(*consensus_, expected.back()).ok());
  }
  restart();
  EXPECT_EQ(machine_->commands(), expected);
}

TEST_F(OneServer, DoesNotApplyAgainWhatTheMachineHasMadeDurable) {
  open_and_lead();
  ASSERT_TRUE(propose(*consensus_, "a").ok());
  ASSERT_TRUE(compact(*consensus_).ok());
  ASSERT_TRUE(propose(*consensus_, "b").ok());
  restart();  // ListMachine stops the program when it is given an entry twice.
  EXPECT_EQ(machine_->commands(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(OneServer, CompactDropsTheLogBehindTheMachinesState) {
  open_and_lead();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(propose(*consensus_, "x").ok());
  const Index last = consensus_->progress().last_index;
  ASSERT_TRUE(compact(*consensus_).ok());
  ASSERT_TRUE(propose(*consensus_, "y").ok());
  EXPECT_EQ(consensus_->progress().first_index, last + 1);
  restart();
  EXPECT_EQ(consensus_->progress().first_index, last + 1);
  EXPECT_EQ(machine_->commands().size(), 11U);
}

TEST_F(OneServer, CutsTheLogByItselfAsTheMachineBecomesDurable) {
  options_.snapshot_after_entries = 100;
  open_and_lead();
  machine_->save_every_batch();
  while (consensus_->progress().first_index == 1) {
    ASSERT_TRUE(propose(*consensus_, "x").ok());
  }
  const Progress progress = consensus_->progress();
  EXPECT_GE(progress.last_index, 100U);
  EXPECT_LE(progress.first_index, progress.applied_index + 1);
}

TEST_F(OneServer, MakesALazyMachineDurableBeforeTheLogGrowsWithoutBound) {
  options_.snapshot_after_entries = 50;
  open_and_lead();
  while (consensus_->progress().first_index == 1) {
    ASSERT_TRUE(propose(*consensus_, "x").ok());
  }
  EXPECT_GT(machine_->durable_index(), 0U);
}

TEST_F(OneServer, RefusesMoreProposalsThanItsByteLimit) {
  options_.max_waiting_bytes = 1000;
  open_and_lead();
  const auto refused = propose(*consensus_, std::string(1001, 'x'));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::resource_exhausted);
  EXPECT_TRUE(propose(*consensus_, std::string(500, 'x')).ok());
  EXPECT_TRUE(propose(*consensus_, std::string(500, 'x')).ok()) << "answered bytes are free again";
}

TEST_F(OneServer, RefusesACommandThatNoMessageCouldCarry) {
  open_and_lead();
  const auto refused = propose(*consensus_, std::string(max_command_bytes + 1, 'x'));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

TEST_F(OneServer, AReadBarrierCoversEveryAnsweredProposal) {
  open_and_lead();
  const auto proposed = propose(*consensus_, "a");
  ASSERT_TRUE(proposed.ok());
  const auto barrier = read_barrier(*consensus_);
  ASSERT_TRUE(barrier.ok()) << barrier.error().message;
  EXPECT_GE(*barrier, proposed->index);
}

TEST_F(OneServer, StopAnswersEveryOpenProposal) {
  open_and_lead();
  constexpr int count = 5000;
  std::atomic<int> answered = 0;
  for (int i = 0; i < count; ++i) {
    consensus_->propose("x", [&](const Result<Proposed>&) { ++answered; });
  }
  consensus_->stop();
  EXPECT_EQ(answered, count);
  const auto late = propose(*consensus_, "late");
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::unavailable);
}

TEST_F(OneServer, AnswersWhatWasAskedBeforeAStartThatNeverCame) {
  open();
  std::atomic<int> answered = 0;
  consensus_->propose("x", [&](const Result<Proposed>&) { ++answered; });
  consensus_->read_barrier([&](const Result<Index>&) { ++answered; });
  consensus_->stop();
  EXPECT_EQ(answered, 2);
}

TEST_F(OneServer, CannotRemoveItsLastVoter) {
  open_and_lead();
  const auto removed =
      wait_for_done<Status>([&](auto done) { consensus_->remove_peer(7, std::move(done)); });
  ASSERT_FALSE(removed.ok());
  EXPECT_EQ(removed.error().code, ErrorCode::failed_precondition);
}

TEST_F(OneServer, RefusesTheFolderOfAnotherServer) {
  open_and_lead();
  consensus_->stop();
  consensus_.reset();
  options_.self = 8;
  auto opened = Consensus::open(options_, *machine_, clock_, random_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::failed_precondition);
}

TEST_F(OneServer, RefusesALogThatEndsBeforeTheMachinesState) {
  open_and_lead();
  ASSERT_TRUE(propose(*consensus_, "a").ok());
  ASSERT_TRUE(compact(*consensus_).ok());
  consensus_->stop();
  consensus_.reset();
  std::filesystem::remove_all(options_.folder);
  auto opened = Consensus::open(options_, *machine_, clock_, random_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
}

TEST_F(OneServer, RefusesImpossibleOptions) {
  options_.self = 0;
  ListMachine machine(folder_.path() / "machine");
  options_.folder = folder_.path() / "raft";
  auto opened = Consensus::open(options_, machine, clock_, random_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace yurt::raft::testing
