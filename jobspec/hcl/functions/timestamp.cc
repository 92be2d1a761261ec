#include "jobspec/hcl/functions/timestamp.h"

#include "base/clock.h"

namespace yurt::hcl {
namespace {

// Days since 1970-01-01 of a proleptic Gregorian date, and back (Hinnant, "chrono-Compatible
// Low-Level Date Algorithms").
std::int64_t days_from_date(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

void date_from_days(std::int64_t days, Timestamp& time) {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;
  time.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  time.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  time.year = year_of_era + era * 400 + (time.month <= 2 ? 1 : 0);
}

int days_in_month(std::int64_t year, int month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

class TimestampParser {
 public:
  explicit TimestampParser(std::string_view text) : text_(text) {}

  std::optional<Timestamp> run() {
    Timestamp time;
    int year = 0;
    const bool date =
        digits(4, year) && take('-') && digits(2, time.month) && take('-') && digits(2, time.day);
    time.year = year;
    const bool clock = date && (take('T') || take('t')) && digits(2, time.hour) && take(':') &&
                       digits(2, time.minute) && take(':') && digits(2, time.second) &&
                       fraction(time) && offset(time);
    const bool sensible = clock && text_.empty() && time.month >= 1 && time.month <= 12 &&
                          time.day >= 1 && time.day <= days_in_month(time.year, time.month) &&
                          time.hour <= 23 && time.minute <= 59 && time.second <= 59;
    return sensible ? std::optional<Timestamp>(time) : std::nullopt;
  }

 private:
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool digits(int count, int& number) {
    number = 0;
    for (int i = 0; i < count; ++i) {
      if (text_.empty() || text_[0] < '0' || text_[0] > '9') return false;
      number = number * 10 + (text_[0] - '0');
      text_.remove_prefix(1);
    }
    return true;
  }

  bool fraction(Timestamp& time) {
    if (!take('.')) return true;
    int scale = 100'000'000, digit = 0;
    if (!digits(1, digit)) return false;
    do {
      time.nanosecond += digit * scale;
      scale /= 10;
    } while (digits(1, digit));
    return true;
  }

  bool offset(Timestamp& time) {
    if (take('Z') || take('z')) return true;
    const bool negative = text_.starts_with('-');
    if (!take('+') && !take('-')) return false;
    int hours = 0, minutes = 0;
    if (!digits(2, hours) || !take(':') || !digits(2, minutes) || hours > 23 || minutes > 59) {
      return false;
    }
    time.offset_minutes = (negative ? -1 : 1) * (hours * 60 + minutes);
    time.is_utc = false;
    return true;
  }

  std::string_view text_;
};

}  // namespace

std::string zero_padded(std::int64_t number, std::size_t width) {
  std::string digits = std::to_string(number);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

int Timestamp::weekday() const {
  const std::int64_t days = days_from_date(year, month, day) + 4;  // 1970-01-01 was a Thursday
  return static_cast<int>(((days % 7) + 7) % 7);
}

std::optional<Timestamp> Timestamp::plus(std::int64_t nanoseconds) const {
  std::int64_t seconds =
      ((days_from_date(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
  std::int64_t fraction = nanosecond + nanoseconds % nanoseconds_per_second;
  seconds += nanoseconds / nanoseconds_per_second;
  if (fraction < 0) {
    fraction += nanoseconds_per_second;
    --seconds;
  }
  seconds += fraction / nanoseconds_per_second;
  Timestamp later = *this;
  later.nanosecond = static_cast<int>(fraction % nanoseconds_per_second);
  constexpr std::int64_t day_seconds = 86'400;
  const std::int64_t of_day = ((seconds % day_seconds) + day_seconds) % day_seconds;
  date_from_days((seconds - of_day) / day_seconds, later);
  later.hour = static_cast<int>(of_day / 3600);
  later.minute = static_cast<int>(of_day / 60 % 60);
  later.second = static_cast<int>(of_day % 60);
  if (later.year < 0 || later.year > 9999) return std::nullopt;
  return later;
}

std::string Timestamp::to_string() const {
  std::string text = zero_padded(year, 4) + "-" + zero_padded(month, 2) + "-" +
                     zero_padded(day, 2) + "T" + zero_padded(hour, 2) + ":" +
                     zero_padded(minute, 2) + ":" + zero_padded(second, 2);
  if (offset_minutes == 0) return text + "Z";
  const int distance = offset_minutes < 0 ? -offset_minutes : offset_minutes;
  return text + (offset_minutes < 0 ? "-" : "+") + zero_padded(distance / 60, 2) + ":" +
         zero_padded(distance % 60, 2);
}

std::optional<Timestamp> Timestamp::parse(std::string_view text) {
  return TimestampParser(text).run();
}

}  // namespace yurt::hcl
