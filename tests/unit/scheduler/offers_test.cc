// Few placements among many nodes: only the best are kept, and nothing changes by that.
#include <gtest/gtest.h>

#include "base/random.h"
#include "scheduler/rank/candidates.h"

namespace yurt::scheduler {
namespace {

TEST(Offers, give_the_best_of_all_nodes_or_say_that_it_may_be_one_left_behind) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SeededRandom random(seed);
    const auto nodes = static_cast<Slot>(random.below(60));
    Candidates all, few;
    for (Candidates* one : {&all, &few}) one->reset(nodes, 1);
    few.begin_offers(4);
    for (Slot slot = 0; slot < nodes; ++slot) {
      // Few values, so that many are equal.
      const double score = static_cast<double>(random.below(8)) / 8;
      const std::uint64_t tie = random.next();
      all.put(slot, 0, {score, 1}, tie);
      if (score < few.least_kept()) {
        few.leave_behind(slot);
      } else {
        few.offer(slot, score, tie);
      }
    }
    few.settle();
    // Each node that is chosen becomes worse, as one that was placed on does.
    for (Slot i = 0; i < nodes; ++i) {
      const auto best = all.best({0}, {}), found = few.best({0}, {});
      if (found.doubtful) {
        EXPECT_GE(nodes, 4U);
        break;
      }
      ASSERT_EQ(found.slot, best.slot) << "seed " << seed;
      EXPECT_EQ(found.score, best.score);
      for (Slot slot = 0; slot < nodes; ++slot) EXPECT_EQ(few.contains(slot), all.contains(slot));
      for (Candidates* one : {&all, &few}) one->put(best.slot, 0, {best.score - 0.5, 2}, best.tie);
    }
  }
}

TEST(Offers, never_doubt_before_as_many_were_chosen_as_are_kept) {
  Candidates few;
  few.reset(100, 1);
  few.begin_offers(8);
  for (Slot slot = 0; slot < 100; ++slot) few.offer(slot, slot / 100.0, slot);
  few.settle();
  for (Slot slot = 99; slot >= 93; --slot) {
    const auto best = few.best({0}, {});
    EXPECT_EQ(best.slot, slot);
    EXPECT_FALSE(best.doubtful);
    few.drop(slot);
  }
}

}  // namespace
}  // namespace yurt::scheduler
