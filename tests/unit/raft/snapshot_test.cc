// Compaction and snapshots (thesis chapter 5).
#include <gtest/gtest.h>

#include "tests/unit/raft/cluster.h"

namespace yurt::raft {
namespace {

// Leader 1 has cut its log up to what it applied; server 3 missed everything.
Index cut_behind_server_3(Cluster& cluster) {
  cluster.elect(1);
  cluster.isolate(3);
  for (int i = 0; i < 20; ++i) cluster.propose(1, std::to_string(i));
  cluster.pump();
  const Index cut = cluster.core(1).applied_index();
  cluster.step(1, Compact{cut});
  EXPECT_EQ(cluster.core(1).start_index(), cut);
  cluster.propose(1, "behind the snapshot");
  cluster.pump();
  cluster.heal();
  cluster.elapse(200);
  return cut;
}

Message announced(const SnapshotMeta& meta, PeerId from, PeerId to, Term term) {
  return {from, to, term, InstallSnapshot{meta}};
}

TEST(RaftSnapshot, is_asked_for_once_when_the_log_no_longer_reaches_back) {
  Cluster cluster(3);
  cut_behind_server_3(cluster);
  ASSERT_EQ(cluster[1].snapshots.size(), 1U);
  EXPECT_EQ(cluster[1].snapshots[0].peer, 3U);
  cluster.elapse(1000);
  EXPECT_EQ(cluster[1].snapshots.size(), 1U);
  EXPECT_EQ(cluster.leader(), 1U);
}

TEST(RaftSnapshot, once_installed_the_log_goes_on_behind_it) {
  Cluster cluster(3);
  const Index cut = cut_behind_server_3(cluster);
  const SnapshotMeta meta = cluster.core(1).describe_snapshot(cut);
  EXPECT_EQ(meta.configuration.voter_count(), 3U);
  cluster.step(3, Received{announced(meta, 1, 3, 2)});
  ASSERT_EQ(cluster[3].install, meta);
  // Life goes on while it is being restored.
  cluster.elapse(300);
  EXPECT_EQ(cluster.core(3).last_index(), 2U);
  EXPECT_EQ(cluster.leader(), 1U);
  cluster[3].applied = cut;
  cluster.step(3, SnapshotRestored{meta, true});
  cluster.pump();
  cluster.step(1, SnapshotSent{3, cut, true});
  cluster.pump();
  cluster.elapse(100);
  EXPECT_EQ(cluster.core(3).start_index(), cut);
  EXPECT_EQ(cluster.core(3).last_index(), cluster.core(1).last_index());
  EXPECT_EQ(cluster[3].commands.back(), "behind the snapshot");
  cluster.restart(3);
  EXPECT_EQ(cluster.core(3).configuration().voter_count(), 3U);
}

TEST(RaftSnapshot, that_could_not_be_sent_is_asked_for_again_but_not_in_a_loop) {
  Cluster cluster(3);
  cut_behind_server_3(cluster);
  for (int i = 0; i < 5; ++i) {
    cluster.step(1, SnapshotSent{3, 0, false});
    cluster.step(1, Tick{0});
  }
  EXPECT_EQ(cluster[1].snapshots.size(), 1U);
  cluster.elapse(120);
  EXPECT_EQ(cluster[1].snapshots.size(), 2U);
}

TEST(RaftSnapshot, that_could_not_be_restored_leaves_the_log_as_it_was) {
  Cluster cluster(3);
  const Index cut = cut_behind_server_3(cluster);
  const SnapshotMeta meta = cluster.core(1).describe_snapshot(cut);
  cluster.step(3, Received{announced(meta, 1, 3, 2)});
  cluster.step(3, SnapshotRestored{meta, false});
  EXPECT_EQ(cluster.core(3).last_index(), 2U);
  // And may be tried again.
  cluster[3].install.reset();
  cluster.step(3, Received{announced(meta, 1, 3, 2)});
  EXPECT_EQ(cluster[3].install, meta);
}

TEST(RaftSnapshot, older_than_what_is_committed_is_not_wanted) {
  Cluster cluster(3);
  cluster.elect(1);
  for (int i = 0; i < 5; ++i) cluster.propose(1, "x");
  cluster.pump();
  cluster.elapse(100);
  const SnapshotMeta meta = cluster.core(1).describe_snapshot(3);
  cluster.step(3, Received{announced(meta, 1, 3, 2)});
  EXPECT_FALSE(cluster[3].install.has_value());
}

TEST(RaftSnapshot, restoring_an_old_one_would_show) {
  Mutations mutations;
  mutations.accept_old_snapshot = true;
  Cluster cluster(3, {}, mutations);
  cluster.elect(1);
  cluster.propose(1, "x");
  cluster.pump();
  SnapshotMeta meta = cluster.core(1).describe_snapshot(3);
  meta.term = 1;
  cluster.step(3, Received{announced(meta, 1, 3, 2)});
  EXPECT_TRUE(cluster[3].install.has_value());
}

TEST(RaftSnapshot, of_what_the_log_already_has_only_commits) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.cut(1, 2);  // so nothing commits
  cluster.propose(1, "x");
  cluster.deliver([](const Message& message) { return is<AppendRequest>(message, 1, 3); });
  ASSERT_EQ(cluster.core(3).last_index(), 3U);
  const SnapshotMeta meta{3, 2, cluster.core(1).configuration()};
  cluster.step(3, Received{announced(meta, 1, 3, 2)});
  EXPECT_FALSE(cluster[3].install.has_value());
  EXPECT_EQ(cluster.core(3).commit_index(), 3U);
}

TEST(RaftSnapshot, of_a_leader_of_the_past_is_not_wanted) {
  Cluster cluster(3);
  cut_behind_server_3(cluster);
  const SnapshotMeta meta = cluster.core(1).describe_snapshot(cluster.core(1).applied_index());
  cluster.step(3, Received{announced(meta, 1, 3, 1)});
  EXPECT_FALSE(cluster[3].install.has_value());
}

TEST(RaftSnapshot, replaces_a_log_that_went_another_way) {
  Cluster cluster(3);
  AppendRequest elsewhere{1, 1, 1, {}};
  for (Index index = 2; index <= 60; ++index) {
    elsewhere.entries.push_back({index, 1, EntryKind::command, nullptr});
  }
  cluster.step(3, Received{{2, 3, 1, elsewhere}});
  cluster.pump();
  const Index cut = cut_behind_server_3(cluster);
  const SnapshotMeta meta = cluster.core(1).describe_snapshot(cut);
  cluster.step(3, Received{announced(meta, 1, 3, 2)});
  ASSERT_TRUE(cluster[3].install.has_value());
  cluster[3].applied = cut;
  cluster.step(3, SnapshotRestored{meta, true});
  EXPECT_EQ(cluster.core(3).last_index(), cut);
  cluster.pump();
  cluster.step(1, SnapshotSent{3, cut, true});
  cluster.elapse(200);
  EXPECT_EQ(cluster.core(3).last_index(), cluster.core(1).last_index());
}

TEST(RaftCompaction, keeps_the_configuration_that_is_in_force) {
  Cluster cluster(3);
  cluster.elect(1);
  for (int i = 0; i < 5; ++i) cluster.propose(1, "x");
  cluster.pump();
  cluster.step(1, Compact{cluster.core(1).applied_index()});
  cluster.pump();
  cluster.restart(1);
  EXPECT_EQ(cluster.core(1).configuration().voter_count(), 3U);
  EXPECT_EQ(cluster.core(1).start_index(), 7U);
}

}  // namespace
}  // namespace yurt::raft
