#include "jobspec/cron/expression.h"

namespace yurt::jobspec {
namespace {

constexpr bool has(std::uint64_t mask, int value) {
  return (mask >> static_cast<unsigned>(value) & 1) != 0;
}

constexpr std::uint32_t only(int day) { return 1U << static_cast<unsigned>(day); }

// The days of one month, and the weekday each falls on.
class Month {
 public:
  explicit Month(absl::CivilMonth month)
      : length_(static_cast<int>(absl::CivilDay(month + 1) - absl::CivilDay(month))),
        // absl counts from Monday, cron from Sunday.
        first_weekday_((static_cast<int>(absl::GetWeekday(absl::CivilDay(month))) + 1) % 7) {}

  // Bit i is set for each day i that matches.
  [[nodiscard]] std::uint32_t matching(const CronExpression& expression) const {
    const std::uint32_t all = (1U << static_cast<unsigned>(length_ + 1)) - 2;
    if (expression.any_day_of_month && expression.any_day_of_week) return all;
    if (expression.any_day_of_month) return by_weekday(expression) & all;
    if (expression.any_day_of_week) return by_day(expression) & all;
    return (by_day(expression) | by_weekday(expression)) & all;
  }

 private:
  [[nodiscard]] int weekday(int day) const { return (first_weekday_ + day - 1) % 7; }

  [[nodiscard]] int nearest_working_day(int day) const {
    if (weekday(day) == 6) return day > 1 ? day - 1 : day + 2;
    if (weekday(day) == 0) return day < length_ ? day + 1 : day - 2;
    return day;
  }

  [[nodiscard]] std::uint32_t by_day(const CronExpression& expression) const {
    std::uint32_t out = expression.days;
    for (int day = 1; day <= length_; ++day) {
      if (has(expression.nearest_weekdays, day)) out |= only(nearest_working_day(day));
    }
    if (expression.last_day) out |= only(length_);
    if (expression.last_working_day) {
      int day = length_;
      while (weekday(day) == 6 || weekday(day) == 0) --day;
      out |= only(day);
    }
    return out;
  }

  [[nodiscard]] std::uint32_t by_weekday(const CronExpression& expression) const {
    std::uint32_t out = 0;
    for (int day = 1; day <= length_; ++day) {
      const std::uint32_t nth = expression.nth_weekdays[static_cast<std::size_t>((day - 1) / 7)];
      const bool last = day + 7 > length_ && has(expression.last_weekdays, weekday(day));
      if (last || has(expression.weekdays | nth, weekday(day))) out |= only(day);
    }
    return out;
  }

  const int length_;
  const int first_weekday_;
};

}  // namespace

// From the largest unit to the smallest; a unit that does not match goes on to the start of the
// next one, and everything is looked at again.
std::optional<absl::CivilSecond> next_match(const CronExpression& expression,
                                            absl::CivilSecond from) {
  absl::CivilSecond at = from;
  if (at.year() < CronExpression::first_year) {
    at = absl::CivilSecond(CronExpression::first_year);
  }
  while (at.year() <= CronExpression::last_year) {
    if (!expression.years.test(static_cast<std::size_t>(at.year() - CronExpression::first_year))) {
      at = absl::CivilSecond(absl::CivilYear(at) + 1);
    } else if (!has(expression.months, at.month())) {
      at = absl::CivilSecond(absl::CivilMonth(at) + 1);
    } else if (const auto days = Month(absl::CivilMonth(at)).matching(expression);
               !has(days, at.day())) {
      at = (days >> static_cast<unsigned>(at.day())) == 0
               ? absl::CivilSecond(absl::CivilMonth(at) + 1)
               : absl::CivilSecond(absl::CivilDay(at) + 1);
    } else if (!has(expression.hours, at.hour())) {
      at = absl::CivilSecond(absl::CivilHour(at) + 1);
    } else if (!has(expression.minutes, at.minute())) {
      at = absl::CivilSecond(absl::CivilMinute(at) + 1);
    } else if (!has(expression.seconds, at.second())) {
      at = at + 1;
    } else {
      return at;
    }
  }
  return std::nullopt;
}

}  // namespace yurt::jobspec
