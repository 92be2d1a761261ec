// Every order of a few events on three servers keeps the invariants (raft/sim/search.h).
#include "raft/sim/search.h"

#include <gtest/gtest.h>

namespace yurt::raft::sim {
namespace {

std::string told(const SearchResult& result) {
  std::string text = result.violation.value_or("sound");
  for (const auto& event : result.path) text += "\n  " + event;
  return text;
}

TEST(RaftSearch, two_elections_a_command_and_a_crash_in_any_order) {
  SearchOptions options;
  options.depth = 9;
  const SearchResult result = search(options);
  EXPECT_FALSE(result.violation.has_value()) << told(result);
  EXPECT_TRUE(result.exhausted);
  EXPECT_GT(result.states, 3'000U);
}

TEST(RaftSearch, two_elections_and_two_commands_in_any_order_on_instant_disks) {
  SearchOptions options;
  options.instant_disks = true;
  options.crashes = 0;
  options.commands = 2;
  options.depth = 8;
  const SearchResult result = search(options);
  EXPECT_FALSE(result.violation.has_value()) << told(result);
  EXPECT_TRUE(result.exhausted);
  EXPECT_GT(result.states, 3'000U);
}

TEST(RaftSearch, messages_that_arrive_twice) {
  SearchOptions options;
  options.instant_disks = true;
  options.crashes = 0;
  options.elections = 1;
  options.duplicates = 2;
  options.depth = 8;
  const SearchResult result = search(options);
  EXPECT_FALSE(result.violation.has_value()) << told(result);
  EXPECT_TRUE(result.exhausted);
}

// Planted faults that a short path reaches.
struct Planted {
  const char* name;
  bool Mutations::*flag;
  bool instant_disks;
  int crashes;
  int depth;
};

class RaftSearchFinds : public testing::TestWithParam<Planted> {};

TEST_P(RaftSearchFinds, the_planted_fault) {
  SearchOptions options;
  options.depth = GetParam().depth;
  options.max_states = 20'000;
  options.instant_disks = GetParam().instant_disks;
  options.crashes = GetParam().crashes;
  options.mutations.*GetParam().flag = true;
  const SearchResult result = search(options);
  EXPECT_TRUE(result.violation.has_value()) << result.states << " states";
}

INSTANTIATE_TEST_SUITE_P(
    Faults, RaftSearchFinds,
    testing::Values(
        Planted{"vote_twice", &Mutations::vote_twice, false, 1, 11},
        Planted{"vote_without_log_check", &Mutations::vote_without_log_check, true, 0, 14},
        Planted{"vote_before_durable", &Mutations::vote_before_durable, false, 1, 14},
        Planted{"ack_before_durable", &Mutations::ack_before_durable, false, 0, 14},
        Planted{"count_self_before_durable", &Mutations::count_self_before_durable, false, 0, 14},
        Planted{"apply_before_durable", &Mutations::apply_before_durable, false, 0, 14}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace yurt::raft::sim
