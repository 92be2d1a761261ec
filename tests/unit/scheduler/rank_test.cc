// The scorers, each by its formula.
#include <gtest/gtest.h>

#include <cmath>

#include "scheduler/port_set.h"
#include "scheduler/rank/allocation_spread.h"
#include "scheduler/rank/binpack.h"
#include "scheduler/rank/candidates.h"
#include "scheduler/rank/job_anti_affinity.h"
#include "scheduler/rank/preemption_score.h"
#include "scheduler/rank/worst_fit.h"

namespace yurt::scheduler {
namespace {

TEST(PowerOfTen, agrees_with_pow) {
  for (double x = 0; x <= 1; x += 0.0007) {
    EXPECT_NEAR(power_of_ten(x) / std::pow(10.0, x), 1.0, 1e-9) << x;
  }
}

TEST(Binpack, is_one_on_a_full_node_and_zero_on_an_empty_one) {
  EXPECT_NEAR(binpack_score(0, 0), 1.0, 1e-9);
  EXPECT_NEAR(binpack_score(1, 1), 0.0, 1e-9);
  EXPECT_NEAR(worst_fit_score(1, 1), 1.0, 1e-9);
  EXPECT_NEAR(worst_fit_score(0, 0), 0.0, 1e-9);
  EXPECT_NEAR(binpack_score(0.5, 0.5), (20 - 2 * std::sqrt(10.0)) / 18, 1e-9);
}

TEST(JobAntiAffinity, grows_with_the_share_of_the_group_that_is_there) {
  EXPECT_DOUBLE_EQ(job_anti_affinity_score(1, 4), -0.5);
  EXPECT_DOUBLE_EQ(job_anti_affinity_score(3, 4), -1.0);
}

TEST(PreemptionScore, is_a_half_at_2048) {
  EXPECT_DOUBLE_EQ(preemption_score(2048), 0.5);
  EXPECT_GT(preemption_score(net_priority({10})), preemption_score(net_priority({10, 10})));
}

model::Spread spread_with(std::initializer_list<std::pair<const char*, int>> targets) {
  model::Spread spread;
  for (const auto& [value, percent] : targets) {
    auto* target = spread.add_target();
    target->set_value(value);
    target->set_percent(static_cast<std::uint32_t>(percent));
  }
  return spread;
}

TEST(AllocationSpread, targets_are_wanted_shares) {
  SpreadUse use(spread_with({{"a", 70}, {"b", 0}}), 10, 1.0);
  EXPECT_DOUBLE_EQ(use.score("a"), (7.0 - 1) / 7);
  EXPECT_DOUBLE_EQ(use.score("c"), (3.0 - 1) / 3) << "the others share what is left";
  EXPECT_DOUBLE_EQ(use.score("b"), -1.0) << "wanted nowhere";
  EXPECT_DOUBLE_EQ(use.score(std::nullopt), -1.0) << "a node without the attribute";
  for (int i = 0; i < 20; ++i) use.add("a");
  EXPECT_DOUBLE_EQ(use.score("a"), (7.0 - 21) / 7);
  EXPECT_DOUBLE_EQ(use.score("b"), -2.0) << "as bad as the worst value there is";
}

TEST(AllocationSpread, nothing_is_left_for_others_when_targets_make_a_hundred) {
  SpreadUse use(spread_with({{"a", 60}, {"b", 40}}), 10, 0.5);
  EXPECT_DOUBLE_EQ(use.score("c"), -1.0);
  EXPECT_DOUBLE_EQ(use.score("a"), (6.0 - 1) / 6 * 0.5);
}

TEST(AllocationSpread, without_targets_evens_out_what_is_used) {
  SpreadUse use(model::Spread(), 10, 1.0);
  EXPECT_DOUBLE_EQ(use.score("a"), 0.0);
  use.add("a");
  EXPECT_DOUBLE_EQ(use.score("a"), -1.0) << "all even: no more here";
  EXPECT_DOUBLE_EQ(use.score("b"), 1.0);
  use.add("a");
  use.add("a");
  use.add("b");
  EXPECT_DOUBLE_EQ(use.score("a"), (1.0 - 3) / 1);
  EXPECT_DOUBLE_EQ(use.score("b"), (3.0 - 1) / 1);
  use.remove("b");
  EXPECT_DOUBLE_EQ(use.score("b"), 1.0);
  EXPECT_DOUBLE_EQ(use.score("a"), -1.0);
}

TEST(Candidates, the_best_is_the_mean_of_what_is_emitted) {
  Candidates candidates;
  candidates.reset(4, 2);
  candidates.put(0, 0, {0.6, 1}, 1);
  candidates.put(1, 0, {0.2, 2}, 1);
  candidates.put(2, 1, {0.5, 1}, 1);
  EXPECT_EQ(candidates.best({0, 0}, {}).slot, 0U);
  EXPECT_EQ(candidates.best({0, 0.9}, {}).slot, 2U);
  EXPECT_EQ(candidates.best({0, 0}, {0}).slot, 2U);
  EXPECT_EQ(candidates.best({0, 0}, {}).slot, 0U) << "set aside once, not for ever";
  candidates.put(0, 0, {0.1, 1}, 1);
  EXPECT_EQ(candidates.best({0, 0}, {}).slot, 2U);
  candidates.drop(2);
  const auto top = candidates.top(5, {0, 0});
  ASSERT_EQ(top.size(), 2U);
  EXPECT_EQ(candidates.best({0, 0}, {0, 1}).slot, no_slot);
}

TEST(Candidates, equal_scores_are_ordered_by_tie) {
  Candidates candidates;
  candidates.reset(2, 1);
  candidates.put(0, 0, {0.5, 1}, 7);
  candidates.put(1, 0, {0.5, 1}, 9);
  EXPECT_EQ(candidates.best({0}, {}).slot, 1U);
}

TEST(PortList, reads_ports_and_ranges) {
  EXPECT_EQ(*parse_port_list("22, 80,8500-8502,80"),
            (std::vector<std::uint16_t>{22, 80, 8500, 8501, 8502}));
  EXPECT_TRUE(parse_port_list("")->empty());
  for (const char* text : {"0", "x", "70000", "9-3", "1-", "-2"}) {
    EXPECT_FALSE(parse_port_list(text).ok()) << text;
  }
}

}  // namespace
}  // namespace yurt::scheduler
