#include <charconv>
#include <span>
#include <string>
#include <vector>

#include "jobspec/cron/expression.h"

namespace yurt::jobspec {
namespace {

struct Field {
  enum Name { second, minute, hour, day_of_month, month, day_of_week, year };
  Name is;
  const char* name;
  int low;
  int high;
  std::span<const std::string_view> words;  // the first stands for word_base
  int word_base;
};

constexpr std::array<std::string_view, 12> months{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                  "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> days{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

constexpr Field second{Field::second, "second", 0, 59, {}, 0};
constexpr Field minute{Field::minute, "minute", 0, 59, {}, 0};
constexpr Field hour{Field::hour, "hour", 0, 23, {}, 0};
constexpr Field day_of_month{Field::day_of_month, "day of the month", 1, 31, {}, 0};
constexpr Field month{Field::month, "month", 1, 12, months, 1};
// Sunday is 0 and 7.
constexpr Field day_of_week{Field::day_of_week, "day of the week", 0, 7, days, 0};
constexpr Field year{Field::year, "year", CronExpression::first_year, CronExpression::last_year,
                     {},          0};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (const std::string_view part : split(text, " \t")) {
    if (!part.empty()) words.push_back(part);
  }
  return words;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.starts_with('-')) {
    return std::nullopt;
  }
  return value;
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

std::optional<int> value_of(const Field& field, std::string_view text) {
  if (const auto value = number(text)) {
    return *value >= field.low && *value <= field.high ? value : std::nullopt;
  }
  const std::string word = upper(text);
  for (std::size_t i = 0; i < field.words.size(); ++i) {
    if (word == field.words[i]) return static_cast<int>(i) + field.word_base;
  }
  return std::nullopt;
}

constexpr std::uint32_t bit(int at) { return 1U << static_cast<unsigned>(at); }

void add_value(const Field& field, int value, CronExpression& out) {
  switch (field.is) {
    case Field::second: out.seconds |= 1ULL << static_cast<unsigned>(value); break;
    case Field::minute: out.minutes |= 1ULL << static_cast<unsigned>(value); break;
    case Field::hour: out.hours |= bit(value); break;
    case Field::day_of_month: out.days |= bit(value); break;
    case Field::month: out.months |= bit(value); break;
    case Field::day_of_week: out.weekdays |= bit(value % 7); break;
    case Field::year:
      out.years.set(static_cast<std::size_t>(value - CronExpression::first_year));
      break;
  }
}

bool is_any(std::string_view text) { return text == "*" || text == "?"; }

struct Range {
  int from, to;
};

// "*", "5" and "1-5"; "5" goes on to the field's end when `open`, as it does before a step.
std::optional<Range> range_of(const Field& field, std::string_view text, bool open) {
  const int end = field.is == Field::day_of_week ? 6 : field.high;
  if (is_any(text)) return Range{field.low, end};
  const auto ends = split(text, "-");
  const auto from = value_of(field, ends[0]);
  if (!from) return std::nullopt;
  if (ends.size() == 1) return Range{*from, open ? std::max(*from, end) : *from};
  const auto to = value_of(field, ends[1]);
  if (ends.size() != 2 || !to || *from > *to) return std::nullopt;
  return Range{*from, *to};
}

bool add_special_day(std::string_view text, CronExpression& out) {
  if (text == "L") return out.last_day = true;
  if (text == "LW") return out.last_working_day = true;
  if (!text.ends_with('W')) return false;
  const auto day = value_of(day_of_month, text.substr(0, text.size() - 1));
  if (day) out.nearest_weekdays |= bit(*day);
  return day.has_value();
}

bool add_special_weekday(std::string_view text, CronExpression& out) {
  if (text.ends_with('L')) {
    const auto day = value_of(day_of_week, text.substr(0, text.size() - 1));
    if (day) out.last_weekdays |= bit(*day % 7);
    return day.has_value();
  }
  const auto parts = split(text, "#");
  if (parts.size() != 2) return false;
  const auto day = value_of(day_of_week, parts[0]);
  const auto week = number(parts[1]);
  if (!day || !week || *week < 1 || *week > 5) return false;
  out.nth_weekdays[static_cast<std::size_t>(*week - 1)] |= bit(*day % 7);
  return true;
}

// One entry of a field's list; false when it is not valid.
bool add_entry(const Field& field, std::string_view text, CronExpression& out) {
  if (is_any(text)) {
    if (field.is == Field::day_of_month) out.any_day_of_month = true;
    if (field.is == Field::day_of_week) out.any_day_of_week = true;
  }
  if (field.is == Field::day_of_month && add_special_day(text, out)) return true;
  if (field.is == Field::day_of_week && add_special_weekday(text, out)) return true;
  const auto parts = split(text, "/");
  const auto step = parts.size() == 2 ? number(parts[1]) : std::optional(1);
  if (parts.size() > 2 || !step || *step < 1) return false;
  const auto range = range_of(field, parts[0], parts.size() == 2);
  if (!range) return false;
  for (int value = range->from; value <= range->to; value += std::min(*step, 1000)) {
    add_value(field, value, out);
  }
  return true;
}

std::string_view spelled_out(std::string_view expression) {
  if (expression == "@hourly") return "0 * * * *";
  if (expression == "@daily") return "0 0 * * *";
  if (expression == "@weekly") return "0 0 * * 0";
  if (expression == "@monthly") return "0 0 1 * *";
  if (expression == "@yearly" || expression == "@annually") return "0 0 1 1 *";
  return expression;
}

}  // namespace

Result<CronExpression> parse_cron(std::string_view expression) {
  const auto fields = words_of(spelled_out(expression));
  std::vector<Field> expected{minute, hour, day_of_month, month, day_of_week};
  if (fields.size() == 7) expected.insert(expected.begin(), second);
  if (fields.size() >= 6) expected.push_back(year);
  if (fields.size() != expected.size()) {
    return Error{ErrorCode::invalid_argument,
                 "\"" + std::string(expression) +
                     "\" is no schedule; expected five fields (minute hour day month weekday), six "
                     "(year last) or seven (second first, year last), or @hourly, @daily, @weekly, "
                     "@monthly or @yearly"};
  }
  CronExpression out;
  if (fields.size() == 7) out.seconds = 0;
  if (fields.size() < 6) out.years.set();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    for (const std::string_view entry : split(fields[i], ",")) {
      if (add_entry(expected[i], entry, out)) continue;
      return Error{ErrorCode::invalid_argument,
                   "\"" + std::string(expression) + "\": \"" + std::string(entry) +
                       "\" is not valid for the " + expected[i].name + ", which is from " +
                       std::to_string(expected[i].low) + " to " + std::to_string(expected[i].high)};
    }
  }
  return out;
}

}  // namespace yurt::jobspec
