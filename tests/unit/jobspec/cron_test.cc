#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobspec/cron/schedule.h"

namespace yurt::jobspec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Cron, TakesFiveSixAndSevenFields) {
  for (const char* good :
       {"* * * * *", "*/5 0-6,12 1,15 JAN-MAR mon", "0 0 L * *", "0 0 15W * 5L", "0 0 * * 5#3",
        "0 0 * * * 2030", "30 0 0 * * * 2026-2030", "@daily", "@annually", "0 0 ? * 7"}) {
    EXPECT_TRUE(parse_cron(good).ok()) << good << ": " << parse_cron(good).error().message;
  }
}

TEST(Cron, NamesTheFieldThatIsWrong) {
  for (const auto& [bad, field] : std::initializer_list<std::pair<const char*, const char*>>{
           {"60 * * * *", "minute"},
           {"* 24 * * *", "hour"},
           {"* * 0 * *", "day of the month"},
           {"* * * 13 *", "month"},
           {"* * * * 8", "day of the week"},
           {"* * * * * 1969", "year"},
           {"60 * * * * * *", "second"},
           {"5-1 * * * *", "minute"},
           {"1-2-3 * * * *", "minute"},
           {"*/0 * * * *", "minute"},
           {"1/2/3 * * * *", "minute"},
           {"1,, * * * *", "minute"},
           {"* * W * *", "day of the month"},
           {"* * * * L", "day of the week"},
           {"* * * * 5#6", "day of the week"},
           {"@every", "five fields"},
           {"", "five fields"}}) {
    const auto parsed = parse_cron(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_THAT(parsed.error().message, HasSubstr(field)) << bad;
  }
}

std::int64_t instant(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << text << ": " << error;
  return absl::ToUnixNanos(time);
}

// The first launches after a moment, as they are on the zone's clocks.
std::vector<std::string> launches(const std::vector<std::string>& expressions,
                                  const std::string& zone, const std::string& after,
                                  std::size_t count) {
  const auto schedule = Schedule::parse(expressions, zone);
  EXPECT_TRUE(schedule.ok()) << schedule.error().message;
  std::vector<std::string> out;
  std::int64_t at = instant(after);
  while (out.size() < count) {
    const auto next = schedule->next(at);
    if (!next) break;
    at = *next;
    out.push_back(absl::FormatTime("%a %Y-%m-%d %H:%M:%S%Ez", absl::FromUnixNanos(at),
                                   find_time_zone(zone).value()));
  }
  return out;
}

TEST(Schedule, LaunchesStrictlyAfterTheGivenMoment) {
  EXPECT_THAT(launches({"0 12 * * *"}, "UTC", "2026-03-05T12:00:00Z", 2),
              ElementsAre("Fri 2026-03-06 12:00:00+00:00", "Sat 2026-03-07 12:00:00+00:00"));
  EXPECT_THAT(launches({"0 12 * * *"}, "UTC", "2026-03-05T11:59:59.5Z", 1),
              ElementsAre("Thu 2026-03-05 12:00:00+00:00"));
}

TEST(Schedule, ReadsEveryFormOfField) {
  const std::string from = "2026-01-01T00:00:00Z";  // a Thursday
  EXPECT_THAT(launches({"*/20 5 * * *"}, "UTC", from, 3),
              ElementsAre("Thu 2026-01-01 05:00:00+00:00", "Thu 2026-01-01 05:20:00+00:00",
                          "Thu 2026-01-01 05:40:00+00:00"));
  EXPECT_THAT(launches({"50/5 5 * * *"}, "UTC", from, 3),
              ElementsAre("Thu 2026-01-01 05:50:00+00:00", "Thu 2026-01-01 05:55:00+00:00",
                          "Fri 2026-01-02 05:50:00+00:00"));
  EXPECT_THAT(launches({"15 30 2 * * MON-FRI 2027"}, "UTC", from, 1),
              ElementsAre("Fri 2027-01-01 02:30:15+00:00"));
  EXPECT_THAT(launches({"0 0 L * *"}, "UTC", from, 2),
              ElementsAre("Sat 2026-01-31 00:00:00+00:00", "Sat 2026-02-28 00:00:00+00:00"));
  EXPECT_THAT(launches({"0 0 LW * *"}, "UTC", from, 2),
              ElementsAre("Fri 2026-01-30 00:00:00+00:00", "Fri 2026-02-27 00:00:00+00:00"));
  // The first of August 2026 is a Saturday: the nearest working day of that month is the third.
  EXPECT_THAT(launches({"0 0 1W 8 *"}, "UTC", from, 1),
              ElementsAre("Mon 2026-08-03 00:00:00+00:00"));
  EXPECT_THAT(launches({"0 0 * * 5L"}, "UTC", from, 2),
              ElementsAre("Fri 2026-01-30 00:00:00+00:00", "Fri 2026-02-27 00:00:00+00:00"));
  EXPECT_THAT(launches({"0 0 * * SUN#2"}, "UTC", from, 2),
              ElementsAre("Sun 2026-01-11 00:00:00+00:00", "Sun 2026-02-08 00:00:00+00:00"));
  EXPECT_THAT(launches({"0 0 * * 7"}, "UTC", from, 1),
              ElementsAre("Sun 2026-01-04 00:00:00+00:00"));
  EXPECT_THAT(launches({"@monthly"}, "UTC", from, 1), ElementsAre("Sun 2026-02-01 00:00:00+00:00"));
}

TEST(Schedule, TakesEitherKindOfDayWhereBothAreRestricted) {
  EXPECT_THAT(launches({"0 0 13 * FRI"}, "UTC", "2026-01-08T00:00:00Z", 3),
              ElementsAre("Fri 2026-01-09 00:00:00+00:00", "Tue 2026-01-13 00:00:00+00:00",
                          "Fri 2026-01-16 00:00:00+00:00"));
}

TEST(Schedule, MergesItsExpressionsAndLaunchesOnceWhereTheyMeet) {
  EXPECT_THAT(launches({"0 6 * * *", "0 6,18 * * *"}, "UTC", "2026-01-01T00:00:00Z", 3),
              ElementsAre("Thu 2026-01-01 06:00:00+00:00", "Thu 2026-01-01 18:00:00+00:00",
                          "Fri 2026-01-02 06:00:00+00:00"));
}

TEST(Schedule, IsRareWhereItSaysSoAndEndsWhereNothingIsLeft) {
  EXPECT_THAT(launches({"0 0 29 2 *"}, "Europe/Zurich", "2026-01-01T00:00:00Z", 2),
              ElementsAre("Tue 2028-02-29 00:00:00+01:00", "Sun 2032-02-29 00:00:00+01:00"));
  EXPECT_TRUE(launches({"0 0 30 2 *"}, "Europe/Zurich", "2026-01-01T00:00:00Z", 1).empty());
  EXPECT_TRUE(launches({"0 0 * * * 2025"}, "UTC", "2026-01-01T00:00:00Z", 1).empty());
}

TEST(Schedule, FollowsTheClocksOfItsTimeZone) {
  EXPECT_THAT(launches({"0 9 * * *"}, "Asia/Tokyo", "2026-01-01T00:00:00Z", 1),
              ElementsAre("Fri 2026-01-02 09:00:00+09:00"));
  EXPECT_THAT(launches({"0 9 * * *"}, "Asia/Kathmandu", "2026-01-01T00:00:00Z", 1),
              ElementsAre("Thu 2026-01-01 09:00:00+05:45"));
}

// Zurich: 02:00 to 03:00 is skipped on 2026-03-29 and comes twice on 2026-10-25.
TEST(Schedule, LaunchesASkippedTimeWhenTheClocksJump) {
  EXPECT_THAT(launches({"30 2 * * *"}, "Europe/Zurich", "2026-03-28T00:00:00Z", 3),
              ElementsAre("Sat 2026-03-28 02:30:00+01:00", "Sun 2026-03-29 03:00:00+02:00",
                          "Mon 2026-03-30 02:30:00+02:00"));
}

TEST(Schedule, LaunchesManySkippedTimesOnce) {
  EXPECT_THAT(launches({"*/10 2 * * *"}, "Europe/Zurich", "2026-03-28T02:00:00Z", 2),
              ElementsAre("Sun 2026-03-29 03:00:00+02:00", "Mon 2026-03-30 02:00:00+02:00"));
}

TEST(Schedule, LaunchesARepeatedTimeOnce) {
  EXPECT_THAT(launches({"30 2 * * *"}, "Europe/Zurich", "2026-10-24T12:00:00Z", 2),
              ElementsAre("Sun 2026-10-25 02:30:00+02:00", "Mon 2026-10-26 02:30:00+01:00"));
  EXPECT_THAT(launches({"*/30 2 * * *"}, "Europe/Zurich", "2026-10-24T12:00:00Z", 3),
              ElementsAre("Sun 2026-10-25 02:00:00+02:00", "Sun 2026-10-25 02:30:00+02:00",
                          "Mon 2026-10-26 02:00:00+01:00"));
  // Asked within the second hour: it has been.
  EXPECT_THAT(launches({"30 2 * * *"}, "Europe/Zurich", "2026-10-25T01:10:00Z", 1),
              ElementsAre("Mon 2026-10-26 02:30:00+01:00"));
}

TEST(Schedule, ForEveryHourGoesByElapsedTime) {
  EXPECT_THAT(launches({"0 * * * *"}, "Europe/Zurich", "2026-03-28T23:30:00Z", 3),
              ElementsAre("Sun 2026-03-29 01:00:00+01:00", "Sun 2026-03-29 03:00:00+02:00",
                          "Sun 2026-03-29 04:00:00+02:00"));
  EXPECT_THAT(launches({"5 * * * *"}, "Europe/Zurich", "2026-03-29T00:30:00Z", 1),
              ElementsAre("Sun 2026-03-29 03:05:00+02:00"));
  EXPECT_THAT(launches({"@hourly"}, "Europe/Zurich", "2026-10-24T23:30:00Z", 3),
              ElementsAre("Sun 2026-10-25 02:00:00+02:00", "Sun 2026-10-25 02:00:00+01:00",
                          "Sun 2026-10-25 03:00:00+01:00"));
}

TEST(Schedule, LaunchesTheDayThatAZoneLeavesOutAtItsEnd) {
  // Samoa went from the 29th to the 31st of December 2011.
  EXPECT_THAT(launches({"0 12 * * *"}, "Pacific/Apia", "2011-12-29T20:00:00Z", 3),
              ElementsAre("Thu 2011-12-29 12:00:00-10:00", "Sat 2011-12-31 00:00:00+14:00",
                          "Sat 2011-12-31 12:00:00+14:00"));
}

TEST(Schedule, RefusesZonesThatDoNotExist) {
  for (const char* zone : {"", "Mars/Olympus", "not a zone", "/etc/localtime", "../UTC"}) {
    const auto schedule = Schedule::parse({"@daily"}, zone);
    ASSERT_FALSE(schedule.ok()) << zone;
    EXPECT_THAT(schedule.error().message, HasSubstr("no time zone"));
  }
}

}  // namespace
}  // namespace yurt::jobspec
