#include "agent/runner/idle_rule.h"

#include <gtest/gtest.h>

#include "proto/job.pb.h"

namespace yurt::agent {
namespace {

constexpr std::int64_t minute = 60'000'000'000;

IdleRule rule(std::int64_t no_output_ns, std::optional<double> below) {
  model::Watchdog watchdog;
  if (no_output_ns > 0) watchdog.set_no_output(no_output_ns);
  if (below) watchdog.set_gpu_util_below(*below);
  watchdog.set_action("restart");
  IdleRule made(watchdog);
  made.begin(0);
  return made;
}

TEST(IdleRule, fires_once_when_nothing_was_written_for_long_enough) {
  IdleRule idle = rule(10 * minute, std::nullopt);
  EXPECT_FALSE(idle.observe({.output_mark = 7}, 0));
  EXPECT_FALSE(idle.observe({.output_mark = 7}, 9 * minute));
  EXPECT_TRUE(idle.observe({.output_mark = 7}, 10 * minute));
  EXPECT_FALSE(idle.observe({.output_mark = 7}, 30 * minute));
  EXPECT_FALSE(idle.observe({.output_mark = 8}, 31 * minute));
  EXPECT_TRUE(idle.observe({.output_mark = 8}, 41 * minute));
  EXPECT_EQ(idle.action(), IdleRule::Action::restart);
  EXPECT_EQ(idle.description(), "no output for 10m0s");
}

TEST(IdleRule, a_busy_gpu_is_work_though_nothing_is_written) {
  IdleRule idle = rule(10 * minute, 2);
  EXPECT_FALSE(idle.observe({.output_mark = 1, .gpu_utilization = 0}, 0));
  EXPECT_FALSE(idle.observe({.output_mark = 1, .gpu_utilization = 2}, 9 * minute));
  EXPECT_FALSE(idle.observe({.output_mark = 1, .gpu_utilization = 1.9}, 18 * minute));
  EXPECT_TRUE(idle.observe({.output_mark = 1, .gpu_utilization = 0}, 19 * minute));
  EXPECT_EQ(idle.description(), "no output and GPU utilization below 2% for 10m0s");
}

TEST(IdleRule, a_gpu_that_cannot_be_read_is_not_idle) {
  IdleRule idle = rule(0, 5);
  EXPECT_FALSE(idle.observe({.gpu_utilization = std::nullopt}, 0));
  EXPECT_FALSE(idle.observe({.gpu_utilization = std::nullopt}, 60 * minute));
  EXPECT_FALSE(idle.observe({.output_mark = 1, .gpu_utilization = 1}, 74 * minute));
  EXPECT_TRUE(idle.observe({.output_mark = 2, .gpu_utilization = 1}, 75 * minute));
}

TEST(IdleRule, the_time_starts_anew_with_each_run) {
  IdleRule idle = rule(10 * minute, std::nullopt);
  EXPECT_FALSE(idle.observe({.output_mark = 1}, 0));
  idle.begin(9 * minute);
  EXPECT_FALSE(idle.observe({.output_mark = 1}, 12 * minute));
  EXPECT_FALSE(idle.observe({.output_mark = 1}, 19 * minute));
  EXPECT_TRUE(idle.observe({.output_mark = 1}, 22 * minute));
}

}  // namespace
}  // namespace yurt::agent
