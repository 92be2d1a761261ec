// Who waits for a command learns what became of it, whatever happens to leadership.
#include "raft/shell/proposals.h"

#include <gtest/gtest.h>

namespace yurt::raft::testing {
namespace {

class ProposalsTest : public ::testing::Test {
 protected:
  // A caller whose command the core put at `index` in `term`.
  void ask(Index index, Term term) {
    const std::uint64_t token = proposals_.ask(1, [](const Result<Proposed>&) {});
    proposals_.answer({token, Refusal::none, index, term}, std::nullopt);
  }
  std::vector<Index> take(std::vector<Entry> committed) {
    std::vector<Index> taken;
    for (const WaitingProposal& waiting : proposals_.take(committed)) {
      taken.push_back(waiting.index);
    }
    return taken;
  }
  std::vector<ErrorCode> failed() {
    std::vector<ErrorCode> codes;
    for (const FailedProposal& each : proposals_.take_failed()) codes.push_back(each.error.code);
    return codes;
  }
  static Entry entry(Index index, Term term) { return {index, term, EntryKind::command, nullptr}; }

  Proposals proposals_;
};

TEST_F(ProposalsTest, AreHandedOutWithTheirCommittedEntries) {
  ask(3, 1), ask(4, 1), ask(6, 1);
  EXPECT_EQ(take({entry(2, 1), entry(3, 1), entry(4, 1), entry(5, 1)}), (std::vector<Index>{3, 4}));
  EXPECT_EQ(take({entry(6, 1)}), std::vector<Index>{6});
  EXPECT_TRUE(proposals_.empty());
}

TEST_F(ProposalsTest, AreLostWhenAnotherTermsEntryIsCommittedInTheirPlace) {
  ask(3, 1);
  EXPECT_TRUE(take({entry(3, 2)}).empty());
  EXPECT_EQ(failed(), std::vector{ErrorCode::unavailable});
}

TEST_F(ProposalsTest, AreLostWhenTheirEntriesAreTruncated) {
  ask(3, 1), ask(4, 1);
  proposals_.truncated(4);
  EXPECT_EQ(failed(), std::vector{ErrorCode::unavailable});
  ask(4, 3);
  EXPECT_EQ(take({entry(3, 1), entry(4, 3)}), (std::vector<Index>{3, 4}));
}

TEST_F(ProposalsTest, HaveAnUnknownOutcomeWhenASnapshotPassesOverThem) {
  ask(3, 1);
  EXPECT_TRUE(take({entry(10, 2)}).empty());
  EXPECT_EQ(failed(), std::vector{ErrorCode::deadline_exceeded});
}

TEST_F(ProposalsTest, HaveAnUnknownOutcomeWhenNobodyWaitsForTheNextLeaderAnyMore) {
  ask(3, 1);
  proposals_.give_up_waiting();
  EXPECT_EQ(failed(), std::vector{ErrorCode::deadline_exceeded});
  EXPECT_TRUE(take({entry(3, 1)}).empty());
}

TEST_F(ProposalsTest, ThatTheCoreRefusesEndWithItsReason) {
  const std::uint64_t token = proposals_.ask(1, [](const Result<Proposed>&) {});
  proposals_.answer({token, Refusal::not_leader, 0, 0}, Error{ErrorCode::unavailable, "not here"});
  EXPECT_EQ(failed(), std::vector{ErrorCode::unavailable});
}

TEST_F(ProposalsTest, AllEndWhenTheServerDoes) {
  ask(3, 1);
  static_cast<void>(proposals_.ask(1, [](const Result<Proposed>&) {}));
  proposals_.fail_all({ErrorCode::unavailable, "shutting down"});
  // The one the core never saw was surely not committed; the other one may be.
  EXPECT_EQ(failed(), (std::vector{ErrorCode::unavailable, ErrorCode::deadline_exceeded}));
}

}  // namespace
}  // namespace yurt::raft::testing
