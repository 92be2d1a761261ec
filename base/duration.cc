#include "base/duration.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/clock.h"

namespace yurt {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
// Two-letter names first, so that "ms" is not read as minutes.
constexpr std::array<Unit, 8> units{{{"ns", 1},
                                     {"us", 1'000},
                                     {"\u00b5s", 1'000},
                                     {"\u03bcs", 1'000},
                                     {"ms", 1'000'000},
                                     {"s", 1'000'000'000},
                                     {"m", 60'000'000'000},
                                     {"h", 3'600'000'000'000}}};

Error bad_duration(std::string_view text) {
  return {ErrorCode::invalid_argument, "\"" + std::string(text) +
                                           "\" is not a duration; expected a number with a unit, "
                                           "such as \"30s\", \"5m\" or \"1h30m\""};
}

constexpr std::string_view zero_time = "0001-01-01T00:00:00Z";

void append_fraction(std::string& out, std::int64_t fraction, int digits) {
  if (fraction == 0) return;
  std::string text = std::to_string(fraction);
  text.insert(0, static_cast<std::size_t>(digits) - text.size(), '0');
  text.erase(text.find_last_not_of('0') + 1);
  out += '.';
  out += text;
}

}  // namespace

Result<std::int64_t> parse_duration(std::string_view text) {
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  if (rest == "0") return std::int64_t{0};
  if (rest.empty()) return bad_duration(text);
  long double total = 0;
  while (!rest.empty()) {
    std::size_t length = 0;
    int digits = 0;
    while (length < rest.size() &&
           ((rest[length] >= '0' && rest[length] <= '9') || rest[length] == '.')) {
      if (rest[length] != '.') ++digits;
      ++length;
    }
    if (digits == 0 || rest.substr(0, length).find('.') != rest.substr(0, length).rfind('.')) {
      return bad_duration(text);
    }
    const long double number = std::strtold(std::string(rest.substr(0, length)).c_str(), nullptr);
    rest.remove_prefix(length);
    const Unit* match = nullptr;
    for (const Unit& unit : units) {
      if (rest.starts_with(unit.name)) {
        match = &unit;
        break;
      }
    }
    if (match == nullptr) return bad_duration(text);
    rest.remove_prefix(match->name.size());
    total += number * static_cast<long double>(match->nanoseconds);
  }
  if (total > static_cast<long double>(INT64_MAX)) return bad_duration(text);
  const auto nanoseconds = static_cast<std::int64_t>(std::floor(total + 0.5L));
  return negative ? -nanoseconds : nanoseconds;
}

std::string format_duration(std::int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  std::string out = nanoseconds < 0 ? "-" : "";
  const std::uint64_t all = nanoseconds < 0 ? 0 - static_cast<std::uint64_t>(nanoseconds)
                                            : static_cast<std::uint64_t>(nanoseconds);
  const auto part = [&](std::uint64_t unit, int digits, const char* name) {
    out += std::to_string(all / unit);
    append_fraction(out, static_cast<std::int64_t>(all % unit), digits);
    return out + name;
  };
  if (all < 1'000) return part(1, 0, "ns");
  if (all < 1'000'000) return part(1'000, 3, "\u00b5s");
  if (all < 1'000'000'000) return part(1'000'000, 6, "ms");
  const std::uint64_t seconds = all / 1'000'000'000;
  if (seconds >= 3600) out += std::to_string(seconds / 3600) + "h";
  if (seconds >= 60) out += std::to_string(seconds / 60 % 60) + "m";
  out += std::to_string(seconds % 60);
  append_fraction(out, static_cast<std::int64_t>(all % 1'000'000'000), 9);
  return out + "s";
}

std::string format_time(std::int64_t unix_ns) {
  if (unix_ns == 0) return std::string(zero_time);
  const std::chrono::sys_time<std::chrono::nanoseconds> instant{std::chrono::nanoseconds(unix_ns)};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(instant - day);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  std::string out = text;
  append_fraction(out, time.subseconds().count(), 9);
  return out + "Z";
}

Result<std::int64_t> parse_time(std::string_view text) {
  const Error bad{
      ErrorCode::invalid_argument,
      "\"" + std::string(text) + "\" is not an RFC 3339 time such as \"2026-01-31T12:00:00Z\""};
  if (text == zero_time) return std::int64_t{0};
  int year = 0, hour = 0, minute = 0, second = 0, used = 0;
  unsigned month = 0, day = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute,
                  &second, &used) != 6) {
    return bad;
  }
  std::string_view rest = std::string_view(copy).substr(static_cast<std::size_t>(used));
  std::int64_t fraction = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    std::int64_t scale = nanoseconds_per_second;
    while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
      scale /= 10;
      fraction += (rest[0] - '0') * scale;
      rest.remove_prefix(1);
    }
  }
  int offset_seconds = 0;
  if (rest != "Z" && rest != "z") {
    int offset_hour = 0, offset_minute = 0;
    if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':' ||
        std::from_chars(rest.data() + 1, rest.data() + 3, offset_hour).ec != std::errc() ||
        std::from_chars(rest.data() + 4, rest.data() + 6, offset_minute).ec != std::errc()) {
      return bad;
    }
    offset_seconds = (offset_hour * 60 + offset_minute) * 60 * (rest[0] == '-' ? -1 : 1);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return bad;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86'400 + hour * 3'600 + minute * 60 + second - offset_seconds;
  return seconds * nanoseconds_per_second + fraction;
}

}  // namespace yurt
