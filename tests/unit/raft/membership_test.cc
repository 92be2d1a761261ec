// Membership changes, one server at a time, and learners (thesis chapter 4).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/raft/cluster.h"

namespace yurt::raft {
namespace {

constexpr auto add_learner = MembershipChange::add_learner;
constexpr auto promote = MembershipChange::promote;
constexpr auto remove_peer = MembershipChange::remove;

TEST(RaftMembership, a_learner_catches_up_and_becomes_a_voter) {
  Cluster cluster(3);
  cluster.elect(1);
  for (int i = 0; i < 50; ++i) cluster.propose(1, std::to_string(i));
  cluster.pump();
  cluster.add_blank(4);
  EXPECT_EQ(cluster.change(1, add_learner, 4).refusal, Refusal::none);
  cluster.elapse(200);
  EXPECT_EQ(cluster[4].commands.size(), 50U);
  EXPECT_EQ(cluster[1].caught_up, std::vector<PeerId>{4});
  EXPECT_FALSE(cluster.core(1).configuration().is_voter(4));
  EXPECT_EQ(cluster.change(1, promote, 4).refusal, Refusal::none);
  cluster.elapse(200);
  EXPECT_TRUE(cluster.core(4).configuration().is_voter(4));
  // It counts now: with two servers gone, the two others are not enough.
  cluster.isolate(2);
  cluster.isolate(3);
  cluster.propose(1, "no majority");
  cluster.pump();
  EXPECT_EQ(cluster[1].commands.size(), 50U);
}

void promote_at_once(Mutations mutations, Refusal expected) {
  Cluster cluster(3, {}, mutations);
  cluster.elect(1);
  cluster.propose(1, "x");
  cluster.pump();
  cluster.add_blank(4);
  cluster.isolate(4);
  cluster.change(1, add_learner, 4);
  cluster.pump();
  EXPECT_EQ(cluster.change(1, promote, 4).refusal, expected);
}

TEST(RaftMembership, a_learner_that_is_behind_gets_no_vote) {
  promote_at_once({}, Refusal::behind);
}

TEST(RaftMembership, promoting_it_all_the_same_would_show) {
  Mutations mutations;
  mutations.promote_unready = true;
  promote_at_once(mutations, Refusal::none);
}

TEST(RaftMembership, a_learner_does_not_count_toward_commitment_and_starts_no_election) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.add_blank(4);
  cluster.change(1, add_learner, 4);
  cluster.elapse(200);
  cluster.isolate(2);
  cluster.isolate(3);
  const Index index = cluster.propose(1, "on 1 and the learner").index;
  cluster.pump();
  EXPECT_EQ(cluster.core(4).last_index(), index);
  EXPECT_LT(cluster.core(1).commit_index(), index);
  cluster.crash(1);
  cluster.elapse(3000);
  EXPECT_EQ(cluster.core(4).role().role, Role::follower);
}

TEST(RaftMembership, one_change_at_a_time) {
  Cluster cluster(3);
  cluster.elect(1);
  EXPECT_EQ(cluster.change(1, add_learner, 4).refusal, Refusal::none);
  EXPECT_EQ(cluster.change(1, add_learner, 5).refusal, Refusal::change_in_progress);
  cluster.pump();
  EXPECT_EQ(cluster.change(1, add_learner, 5).refusal, Refusal::none);
}

TEST(RaftMembership, a_new_leader_changes_nothing_before_its_own_entry_is_committed) {
  Cluster cluster(3);
  cluster[1].disk_held = cluster[2].disk_held = cluster[3].disk_held = true;
  cluster.campaign(1);
  cluster.pump();
  cluster.sync(1);
  for (PeerId id : {2, 3}) {
    cluster.pump();
    cluster.sync(id);
  }
  cluster.pump();
  ASSERT_EQ(cluster.leader(), 1U);
  ASSERT_LT(cluster.core(1).commit_index(), cluster.core(1).last_index());
  EXPECT_EQ(cluster.change(1, remove_peer, 3).refusal, Refusal::not_ready);
  for (PeerId id : {1, 2, 3}) cluster[id].disk_held = false;
  cluster.pump();
  EXPECT_EQ(cluster.change(1, remove_peer, 3).refusal, Refusal::none);
}

TEST(RaftMembership, wishes_that_make_no_sense_are_refused_with_the_reason) {
  Cluster cluster(1);
  EXPECT_EQ(cluster.change(1, add_learner, 2).refusal, Refusal::not_leader);
  cluster.elect(1);
  EXPECT_EQ(cluster.change(1, remove_peer, 1).refusal, Refusal::last_voter);
  EXPECT_EQ(cluster.change(1, remove_peer, 9).refusal, Refusal::no_such_peer);
  EXPECT_EQ(cluster.change(1, promote, 9).refusal, Refusal::no_such_peer);
  EXPECT_EQ(cluster.change(1, promote, 1).refusal, Refusal::already_done);
  EXPECT_EQ(cluster.change(1, add_learner, 1).refusal, Refusal::already_done);
}

TEST(RaftMembership, a_member_may_change_its_address) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.step(1, ChangeMembership{77, add_learner, {2, "moved:1", false}});
  cluster.pump();
  const Peer* moved = cluster.core(3).configuration().find(2);
  ASSERT_NE(moved, nullptr);
  EXPECT_EQ(moved->address, "moved:1");
  EXPECT_TRUE(moved->voter);
}

TEST(RaftMembership, a_leader_that_removes_itself_leads_until_that_is_committed) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.isolate(2);
  const Index index = cluster.change(1, remove_peer, 1).index;
  cluster.pump();
  EXPECT_EQ(cluster.leader(), 1U) << "servers 2 and 3 are the new majority, and 2 is away";
  cluster.heal();
  cluster.elapse(120);
  EXPECT_GE(cluster.core(1).commit_index(), index);
  EXPECT_EQ(cluster.core(1).role().role, Role::follower);
  cluster.elapse(2000);
  EXPECT_NE(cluster.leader(), 0U);
  EXPECT_NE(cluster.leader(), 1U);
  EXPECT_EQ(cluster.core(cluster.leader()).configuration().voter_count(), 2U);
}

TEST(RaftMembership, a_removed_server_that_does_not_know_it_disturbs_nobody) {
  Cluster cluster(4);
  cluster.elect(1);
  cluster.isolate(4);
  cluster.change(1, remove_peer, 4);
  cluster.pump();
  cluster.heal();
  cluster.elapse(5000);
  EXPECT_EQ(cluster.leader(), 1U);
  EXPECT_EQ(cluster.core(1).role().term, 2U);
}

TEST(RaftMembership, a_change_is_in_force_when_appended_and_undone_when_truncated) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.isolate(1);
  cluster.change(1, add_learner, 4);
  EXPECT_NE(cluster.core(1).configuration().find(4), nullptr);
  cluster.pump();
  cluster.elapse(2000);
  const PeerId leader = cluster.leader();
  ASSERT_NE(leader, 0U);
  ASSERT_NE(leader, 1U);
  cluster.heal();
  cluster.elapse(500);
  EXPECT_EQ(cluster.core(1).configuration().find(4), nullptr);
  EXPECT_EQ(cluster.terms(1), cluster.terms(leader));
  // The disk agrees: it is still undone after a crash.
  cluster.restart(1);
  EXPECT_EQ(cluster.core(1).configuration().find(4), nullptr);
  EXPECT_EQ(cluster.core(1).configuration().voter_count(), 3U);
}

TEST(RaftMembership, a_lone_server_grows_to_three) {
  Cluster cluster(1);
  cluster.elect(1);
  for (PeerId id : {2, 3}) {
    cluster.add_blank(id);
    ASSERT_EQ(cluster.change(1, add_learner, id).refusal, Refusal::none);
    cluster.elapse(200);
    ASSERT_EQ(cluster.change(1, promote, id).refusal, Refusal::none);
    cluster.elapse(200);
  }
  cluster.propose(1, "kept");
  cluster.pump();
  cluster.crash(1);
  cluster.elapse(2000);
  ASSERT_NE(cluster.leader(), 0U);
  EXPECT_EQ(cluster[cluster.leader()].commands, std::vector<std::string>{"kept"});
}

TEST(RaftMembership, founding_is_ignored_by_a_server_that_holds_something) {
  Cluster cluster(3);
  Configuration other;
  other.peers = {{1, "server-1", true}};
  cluster.step(1, Bootstrap{other});
  EXPECT_EQ(cluster.core(1).configuration().voter_count(), 3U);
}

}  // namespace
}  // namespace yurt::raft
