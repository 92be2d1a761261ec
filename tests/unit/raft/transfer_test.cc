// Leadership transfer (thesis §3.10).
#include <gtest/gtest.h>

#include "tests/unit/raft/cluster.h"

namespace yurt::raft {
namespace {

TEST(RaftTransfer, the_target_leads_at_once) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.elapse(100);
  cluster.step(1, TransferLeadership{500, 3});
  cluster.pump();
  EXPECT_EQ(cluster.leader(), 3U);
  EXPECT_EQ(cluster.core(3).role().term, 3U);
  EXPECT_EQ(cluster[1].answers.back().token, 500U);
  EXPECT_EQ(cluster[1].answers.back().refusal, Refusal::none);
}

TEST(RaftTransfer, with_no_target_named_the_longest_log_takes_over) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.isolate(2);
  cluster.propose(1, "not at 2");
  cluster.pump();
  cluster.step(1, TransferLeadership{500, 0});
  cluster.pump();
  EXPECT_EQ(cluster.leader(), 3U);
}

TEST(RaftTransfer, a_target_that_lags_is_brought_level_first_and_commands_wait) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.isolate(3);
  for (int i = 0; i < 20; ++i) cluster.propose(1, std::to_string(i));
  cluster.pump();
  cluster.step(1, TransferLeadership{500, 3});
  cluster.pump();
  EXPECT_EQ(cluster.leader(), 1U);
  EXPECT_EQ(cluster.propose(1, "later").refusal, Refusal::transferring);
  cluster.heal();
  cluster.elapse(110);
  EXPECT_EQ(cluster.leader(), 3U);
  EXPECT_EQ(cluster[3].commands.size(), 20U);
}

TEST(RaftTransfer, is_given_up_after_an_election_timeout) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.isolate(3);
  cluster.propose(1, "x");
  cluster.pump();
  cluster.step(1, TransferLeadership{500, 3});
  cluster.elapse(260);
  EXPECT_EQ(cluster[1].answers.back().token, 500U);
  EXPECT_EQ(cluster[1].answers.back().refusal, Refusal::timed_out);
  EXPECT_EQ(cluster.leader(), 1U);
  EXPECT_EQ(cluster.propose(1, "on we go").refusal, Refusal::none);
}

TEST(RaftTransfer, a_lost_word_to_the_target_is_repeated) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.step(1, TransferLeadership{500, 3});
  cluster.drop_all();
  cluster.elapse(110);
  EXPECT_EQ(cluster.leader(), 3U);
}

TEST(RaftTransfer, wishes_that_make_no_sense_are_refused_with_the_reason) {
  Cluster cluster(3);
  cluster.step(2, TransferLeadership{500, 3});
  EXPECT_EQ(cluster[2].answers.back().refusal, Refusal::not_leader);
  cluster.elect(1);
  cluster.step(1, TransferLeadership{501, 1});
  EXPECT_EQ(cluster[1].answers.back().refusal, Refusal::already_done);
  cluster.step(1, TransferLeadership{502, 9});
  EXPECT_EQ(cluster[1].answers.back().refusal, Refusal::no_such_peer);
  cluster.isolate(2);
  cluster.propose(1, "x");
  cluster.step(1, TransferLeadership{503, 2});
  cluster.step(1, TransferLeadership{504, 3});
  EXPECT_EQ(cluster[1].answers.back().refusal, Refusal::transferring);
}

}  // namespace
}  // namespace yurt::raft
