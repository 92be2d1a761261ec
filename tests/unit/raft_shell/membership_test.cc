// Membership changes run to their end through the steps the core allows.
#include "raft/shell/membership.h"

#include <gtest/gtest.h>

namespace yurt::raft::testing {
namespace {

class MembershipTest : public ::testing::Test {
 protected:
  std::vector<ChangeMembership> due() {
    return membership_.due([this] { return ++last_token_; });
  }
  void answer(const ChangeMembership& change, Refusal refusal, Index index = 0) {
    EXPECT_TRUE(
        membership_.answer({change.token, refusal, index, 1}, {ErrorCode::unavailable, "refused"}));
  }
  void commit(Index index, Term term = 1) {
    const Entry entry{index, term, EntryKind::configuration, nullptr};
    membership_.committed({&entry, 1});
  }
  std::vector<bool> finished() {
    std::vector<bool> ok;
    for (const auto& each : membership_.take_finished()) ok.push_back(each.status.ok());
    return ok;
  }
  void add(bool voter = true) {
    membership_.add({4, "d:4", voter}, [](const Status&) {});
  }

  Membership membership_;
  std::uint64_t last_token_ = 0;
};

TEST_F(MembershipTest, AVoterBeginsAsALearnerAndIsPromotedOnceThatIsCommitted) {
  add();
  auto changes = due();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].change, MembershipChange::add_learner);
  answer(changes[0], Refusal::none, 8);
  EXPECT_TRUE(due().empty());
  commit(8);
  changes = due();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].change, MembershipChange::promote);
  answer(changes[0], Refusal::none, 9);
  EXPECT_TRUE(finished().empty());
  commit(9);
  EXPECT_EQ(finished(), std::vector{true});
  EXPECT_TRUE(membership_.empty());
}

TEST_F(MembershipTest, ALearnerIsDoneWhenItIsCommitted) {
  add(false);
  answer(due()[0], Refusal::none, 8);
  commit(8);
  EXPECT_EQ(finished(), std::vector{true});
}

TEST_F(MembershipTest, AsksAgainWhileTheCoreSaysNotNow) {
  membership_.remove(4, [](const Status&) {});
  for (const Refusal refusal : {Refusal::change_in_progress, Refusal::not_ready, Refusal::behind,
                                Refusal::transferring, Refusal::too_much_waiting}) {
    const auto changes = due();
    ASSERT_EQ(changes.size(), 1U);
    answer(changes[0], refusal);
    EXPECT_TRUE(finished().empty());
  }
}

TEST_F(MembershipTest, SkipsStepsThatAreDoneAlready) {
  add();
  answer(due()[0], Refusal::already_done);
  answer(due()[0], Refusal::already_done);
  EXPECT_EQ(finished(), std::vector{true});
}

TEST_F(MembershipTest, EndsWithTheReasonWhenRefusedForGood) {
  membership_.remove(4, [](const Status&) {});
  answer(due()[0], Refusal::last_voter);
  EXPECT_EQ(finished(), std::vector{false});
}

TEST_F(MembershipTest, FailsWhenAnotherLeadersEntryIsCommittedInItsPlace) {
  add();
  answer(due()[0], Refusal::none, 8);
  commit(8, 2);
  EXPECT_EQ(finished(), std::vector{false});
}

TEST_F(MembershipTest, OutlivesLeadershipOnceItIsInTheLog) {
  add();
  membership_.remove(2, [](const Status&) {});
  const auto changes = due();
  answer(changes[1], Refusal::none, 8);
  membership_.leadership_lost();
  EXPECT_EQ(finished(), std::vector{false}) << "the addition had not begun";
  commit(8);
  EXPECT_EQ(finished(), std::vector{true}) << "the removal was committed all the same";
}

TEST_F(MembershipTest, EndsWhenTheServerDoes) {
  add();
  membership_.remove(2, [](const Status&) {});
  membership_.fail_all({ErrorCode::deadline_exceeded, "lost"});
  EXPECT_EQ(finished(), (std::vector{false, false}));
}

}  // namespace
}  // namespace yurt::raft::testing
