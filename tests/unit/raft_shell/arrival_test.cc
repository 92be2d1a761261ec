// How a server decides whether to found, join or keep away, with the other servers' answers played
// by the test.
#include "raft/shell/arrival.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <optional>

#include "tests/unit/raft_shell/temporary_folder.h"

namespace yurt::raft::testing {
namespace {

// Answers every call as the test says and counts the calls.
class PlayedServers final : public MeetingCalls {
 public:
  Result<Introduction> meet(const std::string& /*address*/, const Introduction&) override {
    return count(meets_, introduction_);
  }
  Result<PromiseReply> promise(const std::string& /*address*/, const PromiseRequest&) override {
    return count(promises_, promise_);
  }
  Status release(const std::string& /*address*/, const ReleaseRequest&) override {
    const auto released = count(releases_, std::optional(true));
    return released.ok() ? Status() : Status(released.error());
  }
  Result<JoinReply> join(const std::string& /*address*/, const JoinRequest&) override {
    return count(joins_, std::optional(JoinReply{true, {}, 0, {}}));
  }
  void cancel() override {}

  void introduce(Introduction introduction) {
    const std::lock_guard lock(mutex_);
    introduction_ = std::move(introduction);
  }
  void answer_promises(PromiseReply reply) {
    const std::lock_guard lock(mutex_);
    promise_ = std::move(reply);
  }
  void wait_for_meets(int more) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, until = meets_ + more] { return meets_ >= until; });
  }
  void wait_for_joins(int more) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, until = joins_ + more] { return joins_ >= until; });
  }
  void wait_for_releases(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return releases_ >= count; });
  }
  int joins() {
    const std::lock_guard lock(mutex_);
    return joins_;
  }

 private:
  template <typename T>
  Result<T> count(int& calls, const std::optional<T>& answer) {
    const std::lock_guard lock(mutex_);
    ++calls;
    changed_.notify_all();
    if (!answer) return Error{ErrorCode::unavailable, "nobody answers"};
    return *answer;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int meets_ = 0, promises_ = 0, releases_ = 0, joins_ = 0;
  std::optional<Introduction> introduction_;
  std::optional<PromiseReply> promise_;
};

class ArrivalTest : public ::testing::Test {
 protected:
  void start(int expect, Identity identity = {}) {
    store_ = std::move(*LogStore::open(folder_.path()));
    identity.id = 2;
    record_ = std::make_unique<IdentityRecord>(*store_, identity);
    promises_ = std::make_unique<Promises>(Promises::Settings{2, expect, false}, *record_);
    arrival_ = std::make_unique<Arrival>(
        Arrival::Settings{2, "b:2", expect, {"a:1"}, 7},
        Arrival::Parts{*record_, *promises_, calls_, clock_, [] { return Leadership{}; },
                       [this] { return configuration_; },
                       [this](const Configuration& peers) {
                         const std::lock_guard lock(mutex_);
                         founded_ = peers;
                         changed_.notify_all();
                       },
                       [](const Peer&, const StatusDone&) {}, [](PeerId, const std::string&) {}});
    arrival_->start();
  }
  void wait_until_founded() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return founded_.has_value(); });
  }
  static Introduction member(std::vector<Peer> peers) {
    Introduction introduction;
    introduction.id = introduction.leader = 1;
    introduction.address = introduction.leader_address = "a:1";
    introduction.cluster_id = "theirs";
    introduction.peers = Configuration{std::move(peers)};
    return introduction;
  }
  // Somebody who waits to found a cluster of `expect`.
  static Introduction founder(PeerId id, int expect) {
    Introduction introduction;
    introduction.id = id;
    introduction.address = "x:" + std::to_string(id);
    introduction.expect = expect;
    return introduction;
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  PlayedServers calls_;
  Configuration configuration_;
  std::unique_ptr<LogStore> store_;
  std::unique_ptr<IdentityRecord> record_;
  std::unique_ptr<Promises> promises_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Configuration> founded_;
  std::unique_ptr<Arrival> arrival_;
};

TEST_F(ArrivalTest, FoundsAloneWithoutAskingAnybody) {
  start(1);
  wait_until_founded();
  EXPECT_EQ(founded_, (Configuration{{{2, "b:2", true}}}));
}

TEST_F(ArrivalTest, FoundsWithAllWhoPromisedWhenItHasTheLowestId) {
  calls_.introduce(founder(3, 2));
  calls_.answer_promises({true, {}, 0, {}});
  start(2);
  wait_until_founded();
  EXPECT_EQ(founded_, (Configuration{{{2, "b:2", true}, {3, "x:3", true}}}));
  EXPECT_EQ(record_->get().standing, Standing::member);
}

TEST_F(ArrivalTest, CountsThoseWhoCallItToo) {
  calls_.answer_promises({true, {}, 0, {}});
  start(2);
  EXPECT_EQ(arrival_->meet(founder(3, 2)).expect, 2);
  wait_until_founded();
}

TEST_F(ArrivalTest, LeavesFoundingToTheLowestId) {
  calls_.introduce(founder(1, 2));
  start(2);
  calls_.wait_for_meets(4);
  EXPECT_EQ(record_->get().standing, Standing::none);
}

TEST_F(ArrivalTest, DoesNotFoundWithServersThatExpectAnotherNumber) {
  calls_.introduce(founder(3, 5));
  start(2);
  calls_.wait_for_meets(4);
  EXPECT_EQ(record_->get().standing, Standing::none);
}

TEST_F(ArrivalTest, GivesUpAndReleasesWhenOneIsPromisedToALowerId) {
  calls_.introduce(founder(3, 2));
  calls_.answer_promises({false, "it is promised to another founder", 1, {}});
  start(2);
  calls_.wait_for_releases(1);
}

TEST_F(ArrivalTest, JoinsAClusterThatExistsAlreadyAndAsksUntilItIsIn) {
  calls_.introduce(member({{1, "a:1", true}}));
  start(3);
  calls_.wait_for_joins(2);
  EXPECT_EQ(record_->get().cluster_id, "theirs");
}

TEST_F(ArrivalTest, WithAnEmptyDiskDoesNotTakeThePlaceOfAMemberWithItsId) {
  calls_.introduce(member({{1, "a:1", true}, {2, "b:2", true}}));
  start(3);
  calls_.wait_for_meets(6);
  EXPECT_EQ(calls_.joins(), 0);
  EXPECT_EQ(record_->get().standing, Standing::none);
}

TEST_F(ArrivalTest, AMemberThatWasRemovedDoesNotAskAgain) {
  Identity identity;
  identity.standing = Standing::member;
  identity.cluster_id = "theirs";
  identity.joined = true;
  configuration_ = Configuration{{{1, "a:1", true}}};
  start(0, identity);
  arrival_->stop();
  EXPECT_EQ(calls_.joins(), 0);
}

TEST_F(ArrivalTest, AMemberWhoseAddressChangedTellsTheCluster) {
  Identity identity;
  identity.standing = Standing::member;
  identity.cluster_id = "theirs";
  identity.joined = true;
  configuration_ = Configuration{{{1, "a:1", true}, {2, "old:2", true}}};
  start(0, identity);
  calls_.wait_for_joins(1);
}

}  // namespace
}  // namespace yurt::raft::testing
