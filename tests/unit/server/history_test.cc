#include "server/leader/history.h"

#include <gtest/gtest.h>

#include "proto/command.pb.h"

namespace yurt::server {
namespace {

TEST(History, is_trimmed_each_time_a_hundredth_of_it_is_too_old) {
  HistoryTrimming trimming({.run_retention_ns = 1000, .sweep_retention_ns = 0});
  const auto first = trimming.take_due(50'000);
  ASSERT_EQ(first.size(), 1U) << "sweeps are kept for ever";
  EXPECT_EQ(first[0].trim_runs().finished_before(), 49'000);
  EXPECT_TRUE(trimming.take_due(50'009).empty());
  EXPECT_EQ(trimming.take_due(50'010).size(), 1U);
}

}  // namespace
}  // namespace yurt::server
