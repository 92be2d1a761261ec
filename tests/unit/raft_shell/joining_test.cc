// Servers that come, go and move while the cluster runs.
#include <gtest/gtest.h>

#include "tests/unit/raft_shell/cluster.h"
#include "tests/unit/raft_shell/waiting.h"

namespace yurt::raft::testing {
namespace {

TEST(Joining, AFourthServerBecomesAVoterByAskingAnyOfThem) {
  Cluster cluster(3);
  cluster.start_all();
  cluster.propose("before");
  cluster.add_server().start();
  cluster.wait_for_voters({1, 2, 3, 4});
  cluster.propose("after");
  cluster.server(4).machine().wait_for_count(2);
}

TEST(Joining, ANewServerIsBroughtUpToDateBySnapshotWhenTheLogIsGone) {
  Cluster cluster(3);
  cluster.start_all();
  cluster.propose("before");
  ASSERT_TRUE(compact(cluster.wait_for_leader().consensus()).ok());
  cluster.add_server().start();
  cluster.wait_for_voters({1, 2, 3, 4});
  EXPECT_EQ(cluster.server(4).machine().commands(), std::vector<std::string>{"before"});
  EXPECT_EQ(cluster.server(4).machine().restores(), 1);
}

TEST(Joining, ALateFounderJoinsTheClusterThatIsThere) {
  Cluster cluster(2);
  cluster.start_all();
  cluster.propose("x");
  TestServer& late = cluster.add_server();
  late.options.bootstrap_expect = 2;
  late.start();
  cluster.wait_for_voters({1, 2, 3});
}

TEST(Joining, ARemovedServerLeavesTheOthersWorking) {
  Cluster cluster(3);
  cluster.start_all();
  cluster.propose("x");
  TestServer& leaving = cluster.follower();
  const auto removed = wait_for_done<Status>([&](auto done) {
    cluster.wait_for_leader().consensus().remove_peer(leaving.id(), std::move(done));
  });
  ASSERT_TRUE(removed.ok()) << removed.error().message;
  EXPECT_EQ(cluster.wait_for_leader().consensus().peers().size(), 2U);
  leaving.stop();
  cluster.propose("y");
}

TEST(Joining, TheLeaderCanBeRemovedAndAnotherTakesOver) {
  Cluster cluster(3);
  cluster.start_all();
  cluster.propose("x");
  TestServer& leader = cluster.wait_for_leader();
  const auto removed = wait_for_done<Status>(
      [&](auto done) { leader.consensus().remove_peer(leader.id(), std::move(done)); });
  ASSERT_TRUE(removed.ok()) << removed.error().message;
  leader.stop();
  cluster.propose("y");
  EXPECT_EQ(cluster.wait_for_leader().consensus().peers().size(), 2U);
}

TEST(Joining, AServerThatMovedTellsTheClusterItsNewAddress) {
  Cluster cluster(3);
  cluster.start_all();
  cluster.propose("x");
  TestServer& moving = cluster.follower();
  moving.stop();
  moving.move();
  cluster.propose("y");
  moving.start();
  moving.machine().wait_for_count(2);
  TestServer& leader = cluster.wait_for_leader();
  cluster.bulletin().wait_until([&] {
    for (const Peer& peer : leader.consensus().peers()) {
      if (peer.id == moving.id()) return peer.voter && peer.address == moving.address();
    }
    return false;
  });
}

TEST(Joining, AClusterThatMovedAsAWholeFindsItselfByRetryJoin) {
  Cluster cluster(3);
  cluster.start_all();
  cluster.propose("x");
  std::vector<std::string> addresses;
  for (auto& server : cluster.servers()) {
    server->stop();
    server->move();
    addresses.push_back(server->address());
  }
  for (auto& server : cluster.servers()) server->options.retry_join = addresses;
  cluster.start_all();
  cluster.propose("y");
  TestServer& leader = cluster.wait_for_leader();
  cluster.bulletin().wait_until([&] {
    for (const Peer& peer : leader.consensus().peers()) {
      if (peer.address != cluster.server(peer.id).address()) return false;
    }
    return true;
  });
}

TEST(Joining, AServerAddedByHandJoinsTheClusterThatCallsIt) {
  Cluster cluster(3);
  cluster.start_all();
  cluster.propose("x");
  TestServer& fourth = cluster.add_server();
  fourth.options.retry_join.clear();
  fourth.start();
  const auto added = wait_for_done<Status>([&](auto done) {
    cluster.wait_for_leader().consensus().add_peer({4, fourth.address(), true}, std::move(done));
  });
  ASSERT_TRUE(added.ok()) << added.error().message;
  cluster.wait_for_voters({1, 2, 3, 4});
}

TEST(Joining, ALearnerReceivesTheLogAndHasNoVote) {
  Cluster cluster(3);
  cluster.start_all();
  TestServer& fourth = cluster.add_server();
  fourth.options.retry_join.clear();
  fourth.start();
  const auto added = wait_for_done<Status>([&](auto done) {
    cluster.wait_for_leader().consensus().add_peer({4, fourth.address(), false}, std::move(done));
  });
  ASSERT_TRUE(added.ok()) << added.error().message;
  cluster.propose("x");
  fourth.machine().wait_for_count(1);
  EXPECT_FALSE(cluster.wait_for_leader().consensus().peers().back().voter);
}

}  // namespace
}  // namespace yurt::raft::testing
