#include "agent/runner/restart_policy.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/clock.h"

namespace yurt::agent {
namespace {

using Kind = RestartDecision::Kind;
constexpr std::int64_t start = 1'000'000 * nanoseconds_per_second;

RestartLimits limits(int attempts, bool wait = false) {
  return {.attempts = attempts,
          .interval_ns = 60 * nanoseconds_per_second,
          .delay_ns = 10 * nanoseconds_per_second,
          .wait_when_exceeded = wait};
}

TEST(RestartPolicy, a_batch_task_that_succeeds_is_done) {
  RestartTracker tracker;
  EXPECT_EQ(tracker.decide(limits(3), false, RunEnd::success, start, 0).kind, Kind::done);
}

TEST(RestartPolicy, a_service_that_exits_with_zero_is_restarted) {
  RestartTracker tracker;
  const auto decision = tracker.decide(limits(3), true, RunEnd::success, start, 0);
  EXPECT_EQ(decision.kind, Kind::restart);
  EXPECT_EQ(decision.delay_ns, 10 * nanoseconds_per_second);
  EXPECT_EQ(decision.reason, "Restart within policy");
}

TEST(RestartPolicy, fails_when_the_attempts_of_the_interval_are_used_up) {
  RestartTracker tracker;
  EXPECT_EQ(tracker.decide(limits(2), false, RunEnd::failure, start, 0).kind, Kind::restart);
  EXPECT_EQ(
      tracker.decide(limits(2), false, RunEnd::failure, start + nanoseconds_per_second, 0).kind,
      Kind::restart);
  const auto last =
      tracker.decide(limits(2), false, RunEnd::failure, start + 2 * nanoseconds_per_second, 0);
  EXPECT_EQ(last.kind, Kind::fail);
  EXPECT_EQ(last.reason, "Exceeded allowed attempts 2 in interval 1m0s and mode is \"fail\"");
}

TEST(RestartPolicy, counts_anew_once_the_interval_has_passed) {
  RestartTracker tracker;
  EXPECT_EQ(tracker.decide(limits(1), false, RunEnd::failure, start, 0).kind, Kind::restart);
  EXPECT_EQ(
      tracker.decide(limits(1), false, RunEnd::failure, start + 60 * nanoseconds_per_second, 0)
          .kind,
      Kind::restart);
}

TEST(RestartPolicy, mode_delay_waits_for_the_end_of_the_interval) {
  RestartTracker tracker;
  ASSERT_EQ(tracker.decide(limits(1, true), false, RunEnd::failure, start, 0).kind, Kind::restart);
  const auto waits = tracker.decide(limits(1, true), false, RunEnd::failure,
                                    start + 20 * nanoseconds_per_second, 0);
  EXPECT_EQ(waits.kind, Kind::restart);
  EXPECT_EQ(waits.delay_ns, 40 * nanoseconds_per_second);
}

TEST(RestartPolicy, no_attempts_in_mode_fail_fails_at_once) {
  RestartTracker tracker;
  const auto decision = tracker.decide(limits(0), true, RunEnd::failure, start, 0);
  EXPECT_EQ(decision.kind, Kind::fail);
  EXPECT_EQ(decision.reason, "Policy allows no restarts");
}

TEST(RestartPolicy, what_only_an_edit_mends_is_not_tried_again) {
  RestartTracker tracker;
  EXPECT_EQ(tracker.decide(limits(9), true, RunEnd::unrecoverable, start, 0).kind, Kind::fail);
}

TEST(RestartPolicy, never_restarts_more_often_than_allowed_and_jitter_stays_within_a_quarter) {
  EXPECT_TRUE(rc::check("restarts ≤ attempts in any interval", [] {
    const auto allowed = *rc::gen::inRange(1, 6);
    RestartTracker tracker;
    std::int64_t now = start;
    std::int64_t window = 0;
    int in_window = 0;
    for (int i = 0; i < 50; ++i) {
      now += *rc::gen::inRange<std::int64_t>(0, 30) * nanoseconds_per_second;
      const double fraction = static_cast<double>(*rc::gen::inRange(0, 1000)) / 1000;
      const auto decision = tracker.decide(limits(allowed), true, RunEnd::failure, now, fraction);
      if (window == 0 || now - window >= 60 * nanoseconds_per_second) {
        window = now;
        in_window = 0;
      }
      if (decision.kind == Kind::fail) break;
      RC_ASSERT(++in_window <= allowed);
      RC_ASSERT(decision.delay_ns >= 10 * nanoseconds_per_second);
      RC_ASSERT(decision.delay_ns <= 12'500 * nanoseconds_per_millisecond);
    }
  }));
}

}  // namespace
}  // namespace yurt::agent
