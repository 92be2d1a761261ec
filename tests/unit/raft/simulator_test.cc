// A fixed number of simulated clusters; `raft_sim` runs more.
#include "raft/sim/simulator.h"

#include <gtest/gtest.h>

#include <vector>

namespace yurt::raft::sim {
namespace {

struct Batch {
  int nodes;
  std::uint64_t first;
  std::uint64_t count;
};

class RaftSimulator : public testing::TestWithParam<Batch> {};

TEST_P(RaftSimulator, keeps_every_invariant_and_recovers) {
  Verdict total;
  for (std::uint64_t seed = GetParam().first; seed < GetParam().first + GetParam().count; ++seed) {
    const Verdict verdict = Simulator(random_options(seed, GetParam().nodes)).run();
    ASSERT_FALSE(verdict.violation.has_value())
        << "raft_sim --nodes " << GetParam().nodes << " --seed " << seed
        << " --trace: " << *verdict.violation;
    total.acknowledged_writes += verdict.acknowledged_writes;
    total.reads += verdict.reads;
    total.elections += verdict.elections;
    total.crashes += verdict.crashes;
  }
  // It did exercise something.
  EXPECT_GT(total.acknowledged_writes, GetParam().count * 50);
  EXPECT_GT(total.reads, GetParam().count * 10);
  EXPECT_GT(total.elections, GetParam().count);
  EXPECT_GT(total.crashes, GetParam().count);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RaftSimulator,
                         testing::Values(Batch{1, 1, 8}, Batch{3, 1, 12}, Batch{3, 13, 12},
                                         Batch{5, 1, 8}, Batch{5, 9, 8}, Batch{7, 1, 8}),
                         [](const auto& each) {
                           return std::to_string(each.param.nodes) + "_nodes_from_seed_" +
                                  std::to_string(each.param.first);
                         });

TEST(RaftSimulatorItself, the_same_seed_is_the_same_run) {
  const auto run = [] {
    std::vector<std::string> lines;
    SimOptions options = random_options(5, 3);
    options.faulty_ns = 3'000'000'000;
    (void)Simulator(options, [&](const std::string& line) { lines.push_back(line); }).run();
    return lines;
  };
  const auto first = run();
  EXPECT_GT(first.size(), 100U);
  EXPECT_EQ(first, run());
}

TEST(RaftSimulatorItself, snapshots_members_and_transfers_occur) {
  Verdict total;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SimOptions options = random_options(seed, 3);
    options.compact_every_ns = 200'000'000;
    options.membership_every_ns = 500'000'000;
    options.transfer_every_ns = 1'000'000'000;
    options.faulty_ns = 5'000'000'000;
    const Verdict verdict = Simulator(options).run();
    ASSERT_FALSE(verdict.violation.has_value()) << "seed " << seed << ": " << *verdict.violation;
    total.snapshots += verdict.snapshots;
    total.membership_changes += verdict.membership_changes;
    total.transfers += verdict.transfers;
  }
  EXPECT_GT(total.snapshots, 0U);
  EXPECT_GT(total.membership_changes, 20U);
  EXPECT_GT(total.transfers, 0U);
}

}  // namespace
}  // namespace yurt::raft::sim
