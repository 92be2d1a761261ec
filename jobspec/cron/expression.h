// CronExpression: one schedule as Nomad's job files write it, and the civil times that match it.
//
// Five fields (minute hour day-of-month month day-of-week), six with a year at the end, seven with
// seconds before that; or @hourly, @daily, @weekly, @monthly, @yearly, @annually. Fields hold *, ?,
// numbers, names of months and days, ranges, lists, steps; L, LW and W for days of the month, L and
// # for days of the week. Where both kinds of day are restricted, a day matches by either. Civil
// times know no time zone; see schedule.h. Values; pure; thread-safe.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/time/civil_time.h"
#include "base/result.h"

namespace yurt::jobspec {

struct CronExpression {
  static constexpr int first_year = 1970, last_year = 2099;

  // Bit i stands for the value i.
  std::uint64_t seconds = 1, minutes = 0;
  std::uint32_t hours = 0, months = 0;
  std::bitset<last_year - first_year + 1> years;  // bit 0 is first_year

  bool any_day_of_month = false;
  std::uint32_t days = 0;              // 15
  std::uint32_t nearest_weekdays = 0;  // 15W: the weekday nearest to it, within the month
  bool last_day = false;               // L
  bool last_working_day = false;       // LW

  bool any_day_of_week = false;
  std::uint32_t weekdays = 0;                   // Sunday is bit 0
  std::uint32_t last_weekdays = 0;              // 5L: the month's last Friday
  std::array<std::uint32_t, 5> nth_weekdays{};  // 5#3 is bit 5 of the third

  [[nodiscard]] bool every_hour() const { return hours == (1U << 24) - 1; }
};

// invalid_argument names the field that is wrong and says what it may hold.
[[nodiscard]] Result<CronExpression> parse_cron(std::string_view expression);

// The earliest matching time not before `from`; nullopt when none is left until last_year's end.
[[nodiscard]] std::optional<absl::CivilSecond> next_match(const CronExpression& expression,
                                                          absl::CivilSecond from);

}  // namespace yurt::jobspec
