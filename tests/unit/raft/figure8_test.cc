// Figure 3.7 of the thesis (figure 8 of the Raft paper): an entry of an old term that a majority
// holds may still be overwritten, so counting copies must not commit it.
#include <gtest/gtest.h>

#include "tests/unit/raft/cluster.h"

namespace yurt::raft {
namespace {

// One entry a message, so that old entries can travel without the new leader's own.
CoreOptions one_entry_a_message() {
  CoreOptions options;
  options.max_append_bytes = 1;
  options.max_inflight_appends = 1;
  return options;
}

// Delivers what does not touch `dead`, and syncs the others, until `leader` leads; what it then has
// to say has not gone out.
void win_votes(Cluster& cluster, PeerId leader, PeerId dead) {
  cluster.campaign(leader);
  while (cluster.leader() != leader) {
    const bool delivered = cluster.deliver(
        [&](const Message& message) { return message.to != dead && message.from != dead; });
    bool synced = false;
    for (PeerId id = 1; id <= 5; ++id) {
      if (id == dead || !cluster.up(id) || cluster[id].disk.waiting() == 0) continue;
      cluster.sync(id);
      synced = true;
    }
    // Told of a higher term, it has to ask again.
    if (!delivered && !synced) cluster.campaign(leader);
  }
}

// (a) to (c): server 1 led term 2 and wrote an entry that reached nobody; server 5 led term 3 and
// wrote one that reached nobody; server 1 leads again, in term 4. Returns the index of the first.
Index up_to_c(Cluster& cluster) {
  cluster.elect(1);
  EXPECT_EQ(cluster.terms(1), "1 2");
  cluster.isolate(1);
  const Index old_entry = cluster.propose(1, "of term 2").index;
  cluster.pump();
  cluster.crash(1);

  cluster.heal();
  cluster.pass(1000);
  win_votes(cluster, 5, 1);
  EXPECT_EQ(cluster.core(5).role().term, 3U);
  cluster.sync(5);
  EXPECT_EQ(cluster.terms(5), "1 2 3");
  cluster.crash(5);
  cluster.drop_all();

  cluster.restart(1);
  cluster.pass(1000);
  win_votes(cluster, 1, 5);
  EXPECT_EQ(cluster.core(1).role().term, 4U);
  EXPECT_EQ(cluster.terms(1), "1 2 2 4");
  return old_entry;
}

// Lets 1 talk to 2 and 3 until they hold the old entry and have said so; 1's own entry is not there
// yet.
void spread_the_old_entry(Cluster& cluster, Index old_entry) {
  cluster.sync(1);
  for (const PeerId follower : {2, 3}) {
    const auto told = [&] {
      for (const auto& peer : cluster.core(1).peers()) {
        if (peer.id == follower && peer.match >= old_entry) return true;
      }
      return false;
    };
    while (!told()) {
      ASSERT_TRUE(cluster.deliver([&](const Message& message) {
        return is<AppendRequest>(message, 1, follower) || is<AppendReply>(message, follower, 1);
      }));
      cluster.sync(follower);
    }
    EXPECT_EQ(cluster.core(follower).last_index(), old_entry);
  }
}

TEST(RaftFigure8, an_old_entry_on_a_majority_is_not_committed_by_counting) {
  Cluster cluster(5, one_entry_a_message());
  const Index old_entry = up_to_c(cluster);
  spread_the_old_entry(cluster, old_entry);
  // Servers 1, 2 and 3 hold it now, and server 1 knows.
  EXPECT_LT(cluster.core(1).commit_index(), old_entry);

  // (d): server 1 dies; server 5, whose last entry is of term 3, may win and overwrite it all.
  cluster.crash(1);
  cluster.drop_all();
  cluster.heal();
  cluster.restart(5);
  cluster.pass(1000);
  cluster.elect(5);
  EXPECT_EQ(cluster.terms(3), cluster.terms(5));
  EXPECT_EQ(cluster.core(3).term_at(old_entry), 3U);
}

TEST(RaftFigure8, counting_copies_would_commit_it) {
  Mutations mutations;
  mutations.commit_old_terms = true;
  Cluster cluster(5, one_entry_a_message(), mutations);
  const Index old_entry = up_to_c(cluster);
  spread_the_old_entry(cluster, old_entry);
  EXPECT_EQ(cluster.core(1).commit_index(), old_entry);
}

TEST(RaftFigure8, an_old_entry_is_committed_along_with_one_of_the_own_term) {
  Cluster cluster(5, one_entry_a_message());
  const Index old_entry = up_to_c(cluster);
  // (e): server 1's own entry reaches a majority before it dies.
  cluster.heal();
  cluster.isolate(5);
  cluster.pump();
  cluster.elapse(200);
  EXPECT_EQ(cluster.core(1).commit_index(), 4U);
  cluster.crash(1);
  cluster.drop_all();
  cluster.heal();
  cluster.restart(5);
  cluster.pass(1000);
  for (int i = 0; i < 3; ++i) {
    cluster.campaign(5);
    cluster.pump();
    EXPECT_NE(cluster.leader(), 5U);
  }
  cluster.elapse(2000);
  EXPECT_EQ(cluster.core(5).term_at(old_entry), 2U);
  EXPECT_EQ(cluster[5].commands, std::vector<std::string>{"of term 2"});
}

}  // namespace
}  // namespace yurt::raft
