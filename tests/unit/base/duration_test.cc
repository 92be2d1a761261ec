#include "base/duration.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/clock.h"

namespace yurt {
namespace {

TEST(Duration, reads_what_go_reads) {
  EXPECT_EQ(*parse_duration("1h30m"), 5400 * nanoseconds_per_second);
  EXPECT_EQ(*parse_duration("-1.5s"), -1'500 * nanoseconds_per_millisecond);
  EXPECT_EQ(*parse_duration("300ms"), 300 * nanoseconds_per_millisecond);
  EXPECT_EQ(*parse_duration("0"), 0);
  EXPECT_EQ(*parse_duration("2\u00b5s"), 2000);
}

TEST(Duration, refuses_text_without_a_unit_and_says_what_was_expected) {
  for (const char* text : {"", "5", "s", "1.2.3s", "1x", "- 1s", "h1", "99999999999h"}) {
    const auto result = parse_duration(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_NE(result.error().message.find("expected a number with a unit"), std::string::npos);
  }
}

TEST(Duration, prints_as_go_prints) {
  EXPECT_EQ(format_duration(5400 * nanoseconds_per_second), "1h30m0s");
  EXPECT_EQ(format_duration(1'500 * nanoseconds_per_millisecond), "1.5s");
  EXPECT_EQ(format_duration(nanoseconds_per_millisecond), "1ms");
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_duration(61 * nanoseconds_per_second), "1m1s");
}

TEST(Duration, survives_a_round_trip_through_text) {
  EXPECT_TRUE(rc::check("parse(format(d)) == d", [] {
    // long double holds 64 bits exactly only as one number; below 2^53 every partial sum is exact.
    const auto duration = *rc::gen::inRange<std::int64_t>(-(1LL << 53), 1LL << 53);
    RC_ASSERT(*parse_duration(format_duration(duration)) == duration);
  }));
}

TEST(Time, zero_is_gos_zero_time) {
  EXPECT_EQ(format_time(0), "0001-01-01T00:00:00Z");
  EXPECT_EQ(*parse_time("0001-01-01T00:00:00Z"), 0);
}

TEST(Time, accepts_offsets_and_refuses_impossible_dates) {
  EXPECT_EQ(*parse_time("1970-01-01T01:00:01.5+01:00"), 1'500 * nanoseconds_per_millisecond);
  EXPECT_FALSE(parse_time("2026-02-30T00:00:00Z").ok());
  EXPECT_FALSE(parse_time("yesterday").ok());
}

TEST(Time, survives_a_round_trip_through_text) {
  EXPECT_TRUE(rc::check("parse(format(t)) == t", [] {
    const auto time = *rc::gen::inRange<std::int64_t>(1, 4'000'000'000'000'000'000);
    RC_ASSERT(*parse_time(format_time(time)) == time);
  }));
}

}  // namespace
}  // namespace yurt
