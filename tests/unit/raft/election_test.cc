// Elections: pre-vote, votes, check-quorum (thesis §3.4, §3.6.1, §4.2.3, §6.2, §9.6).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/raft/cluster.h"

namespace yurt::raft {
namespace {

TEST(RaftElection, one_server_alone_elects_itself_once_its_vote_is_on_disk) {
  Cluster cluster(1);
  cluster[1].disk_held = true;
  cluster.campaign(1);
  cluster.pump();
  EXPECT_EQ(cluster.leader(), 0U);
  cluster.sync(1);
  EXPECT_EQ(cluster.leader(), 1U);
}

TEST(RaftElection, a_fresh_cluster_elects_one_leader_that_all_follow) {
  Cluster cluster(3);
  cluster.elapse(1000);
  const PeerId leader = cluster.leader();
  ASSERT_NE(leader, 0U);
  for (PeerId id = 1; id <= 3; ++id) {
    EXPECT_EQ(cluster.core(id).role().leader, leader);
    EXPECT_EQ(cluster.core(id).role().term, cluster.core(leader).role().term);
  }
  EXPECT_TRUE(cluster.core(leader).role().ready);
}

TEST(RaftElection, another_leader_follows_when_the_first_one_dies) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.propose(1, "kept");
  cluster.pump();
  cluster.crash(1);
  cluster.elapse(1500);
  ASSERT_NE(cluster.leader(), 0U);
  EXPECT_EQ(cluster[cluster.leader()].commands, std::vector<std::string>{"kept"});
}

TEST(RaftElection, a_candidate_with_an_older_log_gets_no_vote) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.isolate(3);
  cluster.propose(1, "missed by 3");
  cluster.pump();
  cluster.heal();
  cluster.crash(1);
  cluster.drop_all();
  cluster.campaign(3);
  cluster.pump();
  EXPECT_EQ(cluster.leader(), 0U);
  cluster.elect(2);
}

TEST(RaftElection, no_server_votes_twice_in_a_term_even_across_a_crash) {
  Cluster cluster(3);
  const VoteRequest request{false, false, 9, 1};
  cluster.pass(1000);
  cluster.step(3, Received{{1, 3, 7, request}});
  cluster.sync(3);
  cluster.restart(3);
  cluster.pass(1000);
  cluster.step(3, Received{{2, 3, 7, request}});
  cluster.sync(3);
  std::vector<VoteReply> replies;
  for (const auto& message : cluster[3].sent) {
    if (const auto* reply = std::get_if<VoteReply>(&message.body)) replies.push_back(*reply);
  }
  ASSERT_EQ(replies.size(), 2U);
  EXPECT_TRUE(replies[0].granted);
  EXPECT_FALSE(replies[1].granted);
}

TEST(RaftElection, a_vote_is_not_told_before_it_is_on_disk) {
  Cluster cluster(3);
  cluster[3].disk_held = true;
  cluster.pass(1000);
  cluster.step(3, Received{{1, 3, 7, VoteRequest{false, false, 9, 1}}});
  EXPECT_TRUE(cluster[3].sent.empty());
  cluster.sync(3);
  EXPECT_FALSE(cluster[3].sent.empty());
}

// A server that was cut off comes back with every reason to want an election.
void disrupt(Cluster& cluster) {
  cluster.elect(1);
  cluster.isolate(3);
  cluster.elapse(3000);
  cluster.heal();
  cluster.elapse(1000);
}

TEST(RaftElection, a_server_that_comes_back_does_not_depose_the_leader) {
  Cluster cluster(3);
  disrupt(cluster);
  EXPECT_EQ(cluster.leader(), 1U);
  EXPECT_EQ(cluster.core(1).role().term, 2U);
  EXPECT_EQ(cluster.core(3).role().term, 2U);
}

TEST(RaftElection, without_pre_vote_it_would) {
  Mutations mutations;
  mutations.skip_pre_vote = true;
  Cluster cluster(3, {}, mutations);
  disrupt(cluster);
  EXPECT_GT(cluster.core(1).role().term, 2U);
}

// A server that hears no heartbeats, but is heard, keeps asking.
void complain(Cluster& cluster) {
  cluster.elect(1);
  cluster.cut(1, 3);
  cluster.elapse(3000);
}

TEST(RaftElection, a_server_deaf_to_the_leader_does_not_depose_it) {
  Cluster cluster(3);
  complain(cluster);
  EXPECT_EQ(cluster.leader(), 1U);
  EXPECT_EQ(cluster.core(1).role().term, 2U);
}

TEST(RaftElection, if_voters_disregarded_the_leader_it_would) {
  Mutations mutations;
  mutations.vote_despite_leader = true;
  Cluster cluster(3, {}, mutations);
  complain(cluster);
  EXPECT_GT(cluster.core(1).role().term, 2U);
}

TEST(RaftElection, a_leader_without_a_majority_steps_down) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.isolate(1);
  cluster.elapse(300);
  EXPECT_EQ(cluster.core(1).role().role == Role::leader, false);
}

TEST(RaftElection, without_check_quorum_it_would_stay) {
  Mutations mutations;
  mutations.keep_leading_alone = true;
  Cluster cluster(3, {}, mutations);
  cluster.elect(1);
  cluster.isolate(1);
  cluster.elapse(300);
  EXPECT_EQ(cluster.core(1).role().role, Role::leader);
}

TEST(RaftElection, a_lost_question_is_asked_again_without_waiting_for_another_timeout) {
  Cluster cluster(3);
  cluster.campaign(1);
  cluster.drop_all();
  cluster.pass(60);
  cluster.step(1, Tick{0});
  cluster.pump();
  EXPECT_EQ(cluster.leader(), 1U);
}

TEST(RaftElection, a_follower_left_with_a_higher_term_is_taken_back) {
  // Server 3 reaches term 9 alone (as a candidate whose election failed would).
  Cluster cluster(3);
  cluster.elect(1);
  cluster.isolate(3);
  cluster.pass(1000);
  cluster.step(3, Received{{2, 3, 9, VoteRequest{false, false, 0, 0}}});
  cluster.sync(3);
  cluster.heal();
  cluster.elapse(2000);
  const PeerId leader = cluster.leader();
  ASSERT_NE(leader, 0U);
  EXPECT_GE(cluster.core(leader).role().term, 9U);
  EXPECT_EQ(cluster.core(3).role().leader, leader);
}

}  // namespace
}  // namespace yurt::raft
