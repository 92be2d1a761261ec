// Three server processes under load, killed with kill -9: nothing acknowledged is ever missing.
#include <gtest/gtest.h>

#include <sstream>

#include "bench/raft/cluster_process.h"
#include "tests/unit/raft_shell/temporary_folder.h"

namespace yurt::bench {
namespace {

class Kill : public ::testing::Test {
 protected:
  Kill() { cluster_.tell_all("steady 32"); }

  // Waits until some server that leads has had a write acknowledged.
  void wait_for_a_write() { static_cast<void>(cluster_.wait_for("ack")); }

  void restart(int node) {
    cluster_.start(node);
    EXPECT_EQ(missing(node), 0) << "on server " << node << " when it has caught up";
    cluster_.tell(node, "steady 32");
  }

  // How many commands acknowledged by anybody so far this server lacks.
  int missing(int node) {
    std::istringstream words(cluster_.ask(node, "check", "checked"));
    std::string verb;
    int acknowledged = 0, lacking = -1;
    words >> verb >> acknowledged >> lacking;
    EXPECT_GT(acknowledged, 0);
    return lacking;
  }

  void expect_all_have_all() {
    for (int node = 0; node < cluster_.size(); ++node) {
      static_cast<void>(cluster_.ask(node, "pause", "paused"));
    }
    for (int node = 0; node < cluster_.size(); ++node) EXPECT_EQ(missing(node), 0);
  }

  raft::testing::TemporaryFolder folder_;
  ClusterProcess cluster_{RAFT_BENCH_NODE, 3, folder_.path()};
};

TEST_F(Kill, OfTheLeaderLosesNothingAcknowledged) {
  for (int i = 0; i < 6; ++i) {
    wait_for_a_write();
    const int leader = cluster_.wait_for_leader();
    cluster_.kill(leader);
    restart(leader);
  }
  expect_all_have_all();
}

TEST_F(Kill, OfAFollowerLosesNothingAndStopsNothing) {
  wait_for_a_write();
  for (int i = 0; i < 4; ++i) {
    const int follower = (cluster_.wait_for_leader() + 1 + i % 2) % 3;
    cluster_.kill(follower);
    restart(follower);
  }
  expect_all_have_all();
}

TEST_F(Kill, OfAllAtOnceLosesNothingAcknowledged) {
  wait_for_a_write();
  for (int node = 0; node < cluster_.size(); ++node) cluster_.kill(node);
  for (int node = 0; node < cluster_.size(); ++node) cluster_.start(node);
  for (int node = 0; node < cluster_.size(); ++node) EXPECT_EQ(missing(node), 0);
}

}  // namespace
}  // namespace yurt::bench
