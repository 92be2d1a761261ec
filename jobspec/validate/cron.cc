#include "jobspec/validate/cron.h"

#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace yurt::jobspec {
namespace {

struct Field {
  const char* name;
  int low;
  int high;
  std::span<const std::string_view> words;  // the first stands for word_base
  int word_base;
};

constexpr std::array<std::string_view, 12> months{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                  "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> days{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

constexpr Field second{"second", 0, 59, {}, 0};
constexpr Field minute{"minute", 0, 59, {}, 0};
constexpr Field hour{"hour", 0, 23, {}, 0};
constexpr Field day_of_month{"day of the month", 1, 31, {}, 0};
constexpr Field month{"month", 1, 12, months, 1};
constexpr Field day_of_week{"day of the week", 0, 7, days, 0};
constexpr Field year{"year", 1970, 2099, {}, 0};

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

bool is_range(const Field& field, std::string_view text) {
  if (text == "*" || text == "?") return true;
  const auto ends = split(text, "-");
  if (ends.size() == 1) return value_of(field, text).has_value();
  if (ends.size() != 2) return false;
  const auto from = value_of(field, ends[0]), to = value_of(field, ends[1]);
  return from && to && *from <= *to;
}

bool is_special(const Field& field, std::string_view text) {
  if (field.name == day_of_month.name) {
    return text == "L" || text == "LW" ||
           (text.ends_with('W') && value_of(field, text.substr(0, text.size() - 1)));
  }
  if (field.name != day_of_week.name) return false;
  if (text.ends_with('L')) return value_of(field, text.substr(0, text.size() - 1)).has_value();
  const auto parts = split(text, "#");
  if (parts.size() != 2 || !value_of(field, parts[0])) return false;
  const auto week = number(parts[1]);
  return week && *week >= 1 && *week <= 5;
}

bool is_entry(const Field& field, std::string_view text) {
  if (is_special(field, text)) return true;
  const auto parts = split(text, "/");
  if (parts.size() > 2 || !is_range(field, parts[0])) return false;
  if (parts.size() == 1) return true;
  const auto step = number(parts[1]);
  return step && *step >= 1;
}

}  // namespace

Status check_cron(std::string_view expression) {
  for (const std::string_view alias :
       {"@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@annually"}) {
    if (expression == alias) return {};
  }
  const auto fields = words_of(expression);
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
  for (std::size_t i = 0; i < fields.size(); ++i) {
    for (const std::string_view entry : split(fields[i], ",")) {
      if (is_entry(expected[i], entry)) continue;
      return Error{ErrorCode::invalid_argument,
                   "\"" + std::string(expression) + "\": \"" + std::string(entry) +
                       "\" is not valid for the " + expected[i].name + ", which is from " +
                       std::to_string(expected[i].low) + " to " + std::to_string(expected[i].high)};
    }
  }
  return {};
}

}  // namespace yurt::jobspec
