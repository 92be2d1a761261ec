// Linearizable reads: ReadIndex, reads at followers, the leader's lease (thesis §6.4).
#include <gtest/gtest.h>

#include "tests/unit/raft/cluster.h"

namespace yurt::raft {
namespace {

CoreOptions with_lease(std::int64_t drift_per_mille = 10) {
  CoreOptions options;
  options.lease_reads = true;
  options.max_clock_drift_per_mille = drift_per_mille;
  return options;
}

TEST(RaftRead, waits_for_a_majority_to_confirm_the_leader) {
  Cluster cluster(3);
  cluster.elect(1);
  const Index index = cluster.propose(1, "a").index;
  cluster.pump();
  EXPECT_FALSE(cluster.read(1).has_value());
  cluster.pump();
  ASSERT_TRUE(cluster.answer_of_read(1).has_value());
  EXPECT_EQ(cluster.answer_of_read(1)->index, index);
}

TEST(RaftRead, a_lone_server_needs_nobody) {
  Cluster cluster(1);
  cluster.elect(1);
  EXPECT_TRUE(cluster.read(1).has_value());
}

TEST(RaftRead, a_follower_asks_the_leader_and_waits_until_it_has_applied) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster[3].apply_held = true;
  const Index index = cluster.propose(1, "a").index;
  cluster.pump();
  cluster.read(3);
  cluster.pump();
  EXPECT_FALSE(cluster.answer_of_read(3).has_value());
  cluster[3].apply_held = false;
  cluster.pump();
  ASSERT_TRUE(cluster.answer_of_read(3).has_value());
  EXPECT_GE(cluster.answer_of_read(3)->index, index);
}

TEST(RaftRead, is_refused_where_nobody_knows_a_leader) {
  Cluster cluster(3);
  EXPECT_EQ(cluster.read(2)->refusal, Refusal::not_leader);
}

TEST(RaftRead, at_a_follower_ends_in_time_when_the_question_is_lost) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.read(3);
  cluster.drop_all();
  cluster.elapse(300);
  EXPECT_EQ(cluster.answer_of_read(3)->refusal, Refusal::timed_out);
}

// Found by the simulator: the answer's index was never applied there, and the read never ended.
TEST(RaftRead, at_a_removed_server_ends_in_time) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.cut(1, 3);
  cluster.change(1, MembershipChange::remove, 3);
  cluster.pump();
  cluster.propose(1, "not for 3");
  cluster.pump();
  cluster.heal();
  cluster.read(3);
  cluster.pump();
  EXPECT_FALSE(cluster.answer_of_read(3).has_value());
  cluster.elapse(1200);
  ASSERT_TRUE(cluster.answer_of_read(3).has_value());
  EXPECT_EQ(cluster.answer_of_read(3)->refusal, Refusal::timed_out);
}

// Another leader has been elected and has acknowledged a write; the old one does not know.
std::optional<ReadAnswer> read_at_a_deposed_leader(Mutations mutations) {
  Cluster cluster(3, {}, mutations);
  cluster.elect(1);
  cluster.isolate(1);
  cluster.pass(400);
  cluster.elect(2);
  cluster.propose(2, "unknown to 1");
  cluster.pump();
  EXPECT_EQ(cluster[2].commands.size(), 1U);
  cluster.read(1);
  cluster.pump();
  return cluster.answer_of_read(1);
}

TEST(RaftRead, a_deposed_leader_does_not_answer) {
  EXPECT_FALSE(read_at_a_deposed_leader({}).has_value());
}

TEST(RaftRead, without_the_round_of_heartbeats_it_would) {
  Mutations mutations;
  mutations.read_without_round = true;
  EXPECT_TRUE(read_at_a_deposed_leader(mutations).has_value());
}

TEST(RaftRead, is_refused_when_leadership_is_lost_meanwhile) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.isolate(1);
  cluster.read(1);
  cluster.elapse(300);
  EXPECT_EQ(cluster.answer_of_read(1)->refusal, Refusal::lost_leadership);
}

// Leader 2 is new: an entry its predecessor acknowledged is in its log, and it does not know yet
// that it is committed.
void read_at_a_new_leader(Cluster& cluster) {
  cluster.elect(1);
  cluster.propose(1, "acknowledged");
  // Its followers learn of the entry, not of the commitment.
  cluster.cut(1, 3);
  cluster.deliver([](const Message& message) { return is<AppendRequest>(message, 1, 2); });
  cluster.sync(1);
  cluster.sync(2);
  cluster.deliver([](const Message& message) { return is<AppendReply>(message, 2, 1); });
  ASSERT_EQ(cluster.core(1).commit_index(), 3U);
  cluster.crash(1);
  cluster.drop_all();
  cluster.pass(1000);
  cluster.campaign(2);
  while (cluster.leader() != 2) {
    if (!cluster.deliver([](const Message&) { return true; })) {
      cluster.sync(2);
      cluster.sync(3);
    }
  }
  cluster.read(2);
}

TEST(RaftRead, a_new_leader_answers_only_after_committing_in_its_own_term) {
  Cluster cluster(3);
  read_at_a_new_leader(cluster);
  EXPECT_FALSE(cluster.answer_of_read(2).has_value());
  cluster.pump();
  ASSERT_TRUE(cluster.answer_of_read(2).has_value());
  EXPECT_GE(cluster.answer_of_read(2)->index, 3U);
}

TEST(RaftRead, answering_earlier_would_miss_an_acknowledged_write) {
  Mutations mutations;
  mutations.read_before_noop = true;
  mutations.read_without_round = true;
  Cluster cluster(3, {}, mutations);
  read_at_a_new_leader(cluster);
  ASSERT_TRUE(cluster.answer_of_read(2).has_value());
  EXPECT_LT(cluster.answer_of_read(2)->index, 3U);
}

TEST(RaftLease, answers_at_once_and_without_messages) {
  Cluster cluster(3, with_lease());
  cluster.elect(1);
  cluster.elapse(100);
  cluster[1].sent.clear();
  EXPECT_TRUE(cluster.read(1).has_value());
  EXPECT_TRUE(cluster[1].sent.empty());
}

TEST(RaftLease, ends_when_nobody_answers) {
  Cluster cluster(3, with_lease());
  cluster.elect(1);
  cluster.elapse(100);
  cluster.isolate(1);
  cluster.pass(260);
  EXPECT_FALSE(cluster.read(1).has_value());
}

// The others' clocks are a fifth faster: by theirs the election timeout is over, by the leader's
// it is not.
std::optional<ReadAnswer> read_while_clocks_run_apart(Mutations mutations) {
  Cluster cluster(3, with_lease(200), mutations);
  cluster.elect(1);
  cluster.elapse(100);
  cluster.isolate(1);
  cluster.step(2, Tick{0});
  cluster.pass(215);
  cluster.others_gain(1, 43);
  cluster.step(2, Tick{0});
  cluster.pump();
  EXPECT_EQ(cluster.leader(), 2U);
  cluster.propose(2, "unknown to 1");
  cluster.pump();
  EXPECT_EQ(cluster[2].commands.size(), 1U);
  return cluster.read(1);
}

TEST(RaftLease, allows_for_clocks_that_run_apart) {
  EXPECT_FALSE(read_while_clocks_run_apart({}).has_value());
}

TEST(RaftLease, without_the_allowance_it_would_answer_wrongly) {
  Mutations mutations;
  mutations.lease_without_drift = true;
  EXPECT_TRUE(read_while_clocks_run_apart(mutations).has_value());
}

// Server 3 has not heard the leader for long; server 2 has, and its answer is the lease. Then 2
// restarts, and 3 asks it for its vote.
void ask_a_restarted_voter(Cluster& cluster) {
  cluster.elect(1);
  cluster.cut(1, 3);
  cluster.cut(3, 1);
  cluster.elapse(600);
  cluster.restart(2);
  cluster.isolate(1);
  cluster.pass(60);
  cluster.step(3, Tick{0});
  cluster.pump();
}

TEST(RaftLease, a_voter_that_restarts_keeps_the_promise_it_gave_before) {
  Cluster cluster(3, with_lease());
  ask_a_restarted_voter(cluster);
  EXPECT_NE(cluster.leader(), 3U);
  EXPECT_TRUE(cluster.read(1).has_value());
}

TEST(RaftLease, forgetting_it_would_elect_another_leader_within_the_lease) {
  Mutations mutations;
  mutations.vote_soon_after_restart = true;
  Cluster cluster(3, with_lease(), mutations);
  ask_a_restarted_voter(cluster);
  EXPECT_EQ(cluster.leader(), 3U);
  EXPECT_TRUE(cluster.read(1).has_value()) << "while the old one still answers";
}

std::optional<ReadAnswer> read_after_handing_over(Mutations mutations) {
  Cluster cluster(3, with_lease(), mutations);
  cluster.elect(1);
  cluster.elapse(100);
  cluster.cut(2, 1);
  cluster.cut(3, 1);
  cluster.step(1, TransferLeadership{900, 2});
  cluster.pump();
  EXPECT_EQ(cluster.leader(), 2U);
  cluster.propose(2, "unknown to 1");
  cluster.pump();
  return cluster.read(1);
}

TEST(RaftLease, ends_when_leadership_is_handed_over) {
  EXPECT_FALSE(read_after_handing_over({}).has_value());
}

TEST(RaftLease, kept_on_it_would_answer_wrongly) {
  Mutations mutations;
  mutations.lease_through_transfer = true;
  EXPECT_TRUE(read_after_handing_over(mutations).has_value());
}

}  // namespace
}  // namespace yurt::raft
