// Members and their history along the log (core/configuration.h).
#include "raft/core/configuration.h"

#include <gtest/gtest.h>

namespace yurt::raft {
namespace {

Configuration of(std::initializer_list<PeerId> ids) {
  Configuration configuration;
  for (const PeerId id : ids) configuration.peers.push_back({id, "", true});
  return configuration;
}

TEST(RaftConfiguration, members_stay_in_order_and_once) {
  const Configuration three = of({1, 3}).with({2, "a", false}).with({2, "b", true});
  ASSERT_EQ(three.peers.size(), 3U);
  EXPECT_EQ(three.peers[1], (Peer{2, "b", true}));
  EXPECT_EQ(three.without(2), of({1, 3}));
}

TEST(RaftConfiguration, learners_do_not_count_toward_a_majority) {
  const Configuration mixed = of({1, 2, 3}).with({4, "", false}).with({5, "", false});
  EXPECT_EQ(mixed.quorum(), 2U);
  EXPECT_FALSE(mixed.majority([](PeerId id) { return id == 1 || id >= 4; }));
  EXPECT_TRUE(mixed.majority([](PeerId id) { return id <= 2; }));
}

TEST(RaftConfiguration, nobody_is_no_majority) {
  EXPECT_FALSE(Configuration{}.majority([](PeerId) { return true; }));
  EXPECT_EQ(Configuration{}.majority_value([](PeerId) { return 9; }), 0U);
}

TEST(RaftConfigurationHistory, tells_who_was_a_member_at_an_index) {
  ConfigurationHistory history;
  EXPECT_TRUE(history.at(7).peers.empty());
  history.append(1, of({1}));
  history.append(5, of({1, 2}));
  EXPECT_EQ(history.at(4), of({1}));
  EXPECT_EQ(history.at(5), of({1, 2}));
  EXPECT_EQ(history.current(), of({1, 2}));
}

TEST(RaftConfigurationHistory, goes_back_when_the_log_does) {
  ConfigurationHistory history({{1, of({1})}, {5, of({1, 2})}});
  EXPECT_FALSE(history.truncate_from(6));
  EXPECT_TRUE(history.truncate_from(5));
  EXPECT_EQ(history.current(), of({1}));
}

TEST(RaftConfigurationHistory, keeps_what_is_in_force_at_the_logs_start) {
  ConfigurationHistory history({{1, of({1})}, {5, of({1, 2})}, {9, of({1, 2, 3})}});
  EXPECT_FALSE(history.cut_to(4));
  EXPECT_TRUE(history.cut_to(7));
  EXPECT_EQ(history.at(7), of({1, 2}));
  EXPECT_EQ(history.current_index(), 9U);
}

}  // namespace
}  // namespace yurt::raft
