// Schedules against a plain reading of their rules: every second of the days around a change of
// the clocks is asked whether it is a launch.
#include "jobspec/cron/schedule.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

namespace yurt::jobspec {
namespace {

std::string field(int low, int high) {
  const int at = *rc::gen::inRange(low, high + 1);
  switch (*rc::gen::inRange(0, 4)) {
    case 0: return "*";
    case 1: return "*/" + std::to_string(*rc::gen::inRange(1, high + 1));
    case 2: return std::to_string(at) + "-" + std::to_string(*rc::gen::inRange(at, high + 1));
    default: return std::to_string(at) + "," + std::to_string(*rc::gen::inRange(low, high + 1));
  }
}

std::string any_expression() {
  return field(0, 59) + " " + field(0, 23) + " " + field(1, 31) + " " + field(1, 12) + " " +
         field(0, 6);
}

// Moments around which these zones' clocks jump, both ways.
struct Place {
  const char* zone;
  std::int64_t around;  // Unix seconds
};
const std::vector<Place> places{
    {"Europe/Zurich", 1774746000},        // 2026-03-29, forward
    {"Europe/Zurich", 1792890000},        // 2026-10-25, back
    {"America/New_York", 1772953200},     // 2026-03-08, forward
    {"America/New_York", 1793512800},     // 2026-11-01, back
    {"Australia/Lord_Howe", 1775314800},  // 2026-04-05, back by half an hour
    {"Pacific/Apia", 1325239200},         // 2011-12-30, left out as a whole
    {"UTC", 1774746000},
};

bool matches(const CronExpression& expression, absl::CivilSecond time) {
  return next_match(expression, time) == time;
}

bool is_launch(const CronExpression& expression, const absl::TimeZone& zone, absl::Time at) {
  const absl::CivilSecond civil = zone.At(at).cs;
  if (matches(expression, civil)) {
    const auto info = zone.At(civil);
    const bool again = info.kind == absl::TimeZone::TimeInfo::REPEATED && info.pre != at;
    if (!again || expression.every_hour()) return true;
  }
  const absl::CivilSecond before = zone.At(at - absl::Seconds(1)).cs;
  if (expression.every_hour() || civil <= before + 1) return false;
  const auto skipped = next_match(expression, before + 1);
  return skipped && *skipped < civil;
}

TEST(Schedule, LaunchesAtExactlyTheMomentsThatItsRulesName) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = any_expression();
    const Place place = *rc::gen::elementOf(places);
    const auto zone = find_time_zone(place.zone).value();
    const auto schedule = Schedule::parse({text}, place.zone);
    RC_ASSERT(schedule.ok());
    const CronExpression expression = parse_cron(text).value();
    const std::int64_t first = place.around - 86'400 * 2, last = place.around + 86'400 * 2;
    std::vector<std::int64_t> expected, found;
    for (std::int64_t at = first; at <= last; at += 60) {
      if (is_launch(expression, zone, absl::FromUnixSeconds(at))) expected.push_back(at);
    }
    std::int64_t at = (first - 1) * 1'000'000'000;
    while (const auto next = schedule->next(at)) {
      RC_ASSERT(*next > at);
      at = *next;
      if (at / 1'000'000'000 > last) break;
      found.push_back(at / 1'000'000'000);
    }
    RC_ASSERT(found == expected);
  }));
}

TEST(Schedule, AnswersTheSameFromAnyMomentBeforeALaunch) {
  EXPECT_TRUE(rc::check([] {
    const Place place = *rc::gen::elementOf(places);
    const auto schedule = Schedule::parse({any_expression(), any_expression()}, place.zone);
    RC_ASSERT(schedule.ok());
    const std::int64_t from =
        (place.around + *rc::gen::inRange<std::int64_t>(-200'000, 200'000)) * 1'000'000'000;
    const auto next = schedule->next(from);
    RC_PRE(next.has_value());
    const std::int64_t between =
        from +
        *rc::gen::inRange<std::int64_t>(0, (*next - from) / 1'000'000'000 + 1) * 1'000'000'000;
    RC_ASSERT(between >= *next || schedule->next(between) == next);
  }));
}

}  // namespace
}  // namespace yurt::jobspec
