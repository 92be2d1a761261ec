// Three servers over real gRPC and real disks.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/unit/raft_shell/cluster.h"
#include "tests/unit/raft_shell/waiting.h"

namespace yurt::raft::testing {
namespace {

std::vector<std::string> numbered(int count) {
  std::vector<std::string> commands;
  for (int i = 0; i < count; ++i) commands.push_back("command " + std::to_string(i));
  return commands;
}

TEST(ThreeServers, FoundAClusterInWhicheverOrderTheyStart) {
  std::vector<PeerId> order{1, 2, 3};
  do {
    Cluster cluster(3);
    for (const PeerId id : order) cluster.server(id).start();
    cluster.wait_for_voters({1, 2, 3});
    cluster.propose("x");
    for (auto& server : cluster.servers()) server->machine().wait_for_count(1);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(ThreeServers, ApplyTheSameCommandsInTheSameOrder) {
  Cluster cluster(3);
  cluster.start_all();
  const auto commands = numbered(100);
  for (const auto& command : commands) cluster.propose(command);
  for (auto& server : cluster.servers()) {
    server->machine().wait_for_count(commands.size());
    EXPECT_EQ(server->machine().commands(), commands);
  }
}

TEST(ThreeServers, AFollowerNamesTheLeadersAddressWhenItRefuses) {
  Cluster cluster(3);
  cluster.start_all();
  cluster.propose("x");
  TestServer& leader = cluster.wait_for_leader();
  TestServer& follower = cluster.follower();
  cluster.bulletin().wait_until(
      [&] { return follower.consensus().leadership().leader == leader.id(); });
  const auto refused = propose(follower.consensus(), "y");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_NE(refused.error().message.find(leader.address()), std::string::npos);
}

TEST(ThreeServers, AFollowersReadBarrierCoversWhatTheLeaderAnswered) {
  Cluster cluster(3);
  cluster.start_all();
  const Index written = cluster.propose("x");
  TestServer& follower = cluster.follower();
  while (true) {
    const auto barrier = read_barrier(follower.consensus());
    if (!barrier.ok()) continue;  // it may not know the leader yet
    EXPECT_GE(*barrier, written);
    EXPECT_EQ(follower.machine().commands(), std::vector<std::string>{"x"});
    return;
  }
}

TEST(ThreeServers, LoseNothingAnsweredWhenTheLeaderGoes) {
  Cluster cluster(3);
  cluster.start_all();
  const auto commands = numbered(60);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (i % 20 == 10) {
      TestServer& leader = cluster.wait_for_leader();
      leader.stop();
      cluster.propose(commands[i]);
      leader.start();
    } else {
      cluster.propose(commands[i]);
    }
  }
  for (auto& server : cluster.servers()) {
    server->machine().wait_for_count(commands.size());
    EXPECT_EQ(server->machine().commands(), commands);
  }
}

TEST(ThreeServers, ARestartedFollowerCatchesUpByTheLog) {
  Cluster cluster(3);
  cluster.start_all();
  cluster.propose("first");
  TestServer& follower = cluster.follower();
  follower.stop();
  const auto commands = numbered(50);
  for (const auto& command : commands) cluster.propose(command);
  follower.start();
  follower.machine().wait_for_count(commands.size() + 1);
  EXPECT_EQ(follower.machine().restores(), 0);
}

TEST(ThreeServers, ARestartedFollowerCatchesUpBySnapshotWhenTheLogIsGone) {
  Cluster cluster(3);
  cluster.start_all();
  cluster.propose("first");
  TestServer& follower = cluster.follower();
  follower.stop();
  for (const auto& command : numbered(50)) cluster.propose(command);
  TestServer& leader = cluster.wait_for_leader();
  ASSERT_TRUE(compact(leader.consensus()).ok());
  cluster.propose("last");
  follower.start();
  follower.machine().wait_for_count(52);
  EXPECT_EQ(follower.machine().restores(), 1);
  EXPECT_EQ(follower.machine().commands(), leader.machine().commands());

  // What it restored is its own from now on.
  follower.stop();
  follower.start();
  cluster.propose("more");
  follower.machine().wait_for_count(53);
  EXPECT_EQ(follower.machine().restores(), 0);
}

TEST(ThreeServers, HandLeadershipOver) {
  Cluster cluster(3);
  cluster.start_all();
  cluster.propose("x");
  TestServer& leader = cluster.wait_for_leader();
  TestServer& next = cluster.follower();
  const auto transferred = wait_for_done<Status>(
      [&](auto done) { leader.consensus().transfer_leadership(next.id(), std::move(done)); });
  ASSERT_TRUE(transferred.ok()) << transferred.error().message;
  cluster.bulletin().wait_until([&] { return next.consensus().leadership().self; });
  cluster.propose("y");
}

TEST(ThreeServers, KeepTheirClusterAfterAllWereDown) {
  Cluster cluster(3);
  cluster.start_all();
  cluster.propose("x");
  for (auto& server : cluster.servers()) server->stop();
  cluster.start_all();
  cluster.propose("y");
  for (auto& server : cluster.servers()) {
    server->machine().wait_for_count(2);
    EXPECT_EQ(server->machine().commands(), (std::vector<std::string>{"x", "y"}));
  }
}

}  // namespace
}  // namespace yurt::raft::testing
