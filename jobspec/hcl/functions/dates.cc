// formatdate timeadd
#include "base/duration.h"
#include "jobspec/hcl/functions/registry.h"
#include "jobspec/hcl/functions/timestamp.h"
#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {
namespace {

constexpr const char* month_names[] = {"January",   "February", "March",    "April",
                                       "May",       "June",     "July",     "August",
                                       "September", "October",  "November", "December"};
constexpr const char* day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                     "Thursday", "Friday", "Saturday"};

std::string offset_text(const Timestamp& time, const char* separator) {
  const int distance = time.offset_minutes < 0 ? -time.offset_minutes : time.offset_minutes;
  return (time.offset_minutes < 0 ? "-" : "+") + zero_padded(distance / 60, 2) + separator +
         zero_padded(distance % 60, 2);
}

// One run of the same letter; nullopt when it means nothing.
std::optional<std::string> expand(std::string_view verb, const Timestamp& time) {
  const std::string month = month_names[time.month - 1], day = day_names[time.weekday()];
  const int hour12 = time.hour % 12 == 0 ? 12 : time.hour % 12;
  if (verb == "YYYY") return zero_padded(time.year, 4);
  if (verb == "YY") return zero_padded(time.year % 100, 2);
  if (verb == "MMMM") return month;
  if (verb == "MMM") return month.substr(0, 3);
  if (verb == "MM") return zero_padded(time.month, 2);
  if (verb == "M") return std::to_string(time.month);
  if (verb == "DD") return zero_padded(time.day, 2);
  if (verb == "D") return std::to_string(time.day);
  if (verb == "EEEE") return day;
  if (verb == "EEE") return day.substr(0, 3);
  if (verb == "hh") return zero_padded(time.hour, 2);
  if (verb == "h") return std::to_string(time.hour);
  if (verb == "HH") return zero_padded(hour12, 2);
  if (verb == "H") return std::to_string(hour12);
  if (verb == "AA") return time.hour < 12 ? "AM" : "PM";
  if (verb == "aa") return time.hour < 12 ? "am" : "pm";
  if (verb == "mm") return zero_padded(time.minute, 2);
  if (verb == "m") return std::to_string(time.minute);
  if (verb == "ss") return zero_padded(time.second, 2);
  if (verb == "s") return std::to_string(time.second);
  if (verb == "ZZZZZ") return offset_text(time, ":");
  if (verb == "ZZZZ") return offset_text(time, "");
  if (verb == "ZZZ") return time.offset_minutes == 0 ? "UTC" : offset_text(time, "");
  if (verb == "Z") return time.offset_minutes == 0 ? "Z" : offset_text(time, ":");
  return std::nullopt;
}

const char* meaning_of(char letter) {
  switch (letter) {
    case 'Y': return "year must either be \"YY\" or \"YYYY\"";
    case 'M': return "month must be \"M\", \"MM\", \"MMM\", or \"MMMM\"";
    case 'D': return "day of month must either be \"D\" or \"DD\"";
    case 'E': return "day of week must either be \"EEE\" or \"EEEE\"";
    case 'h': return "24-hour must either be \"h\" or \"hh\"";
    case 'H': return "12-hour must either be \"H\" or \"HH\"";
    case 'A':
    case 'a': return "AM/PM must be \"AA\" or \"aa\"";
    case 'm': return "minute must either be \"m\" or \"mm\"";
    case 's': return "second must either be \"s\" or \"ss\"";
    case 'Z': return "timezone must be Z, ZZZ, ZZZZ, or ZZZZZ";
    default: return "not a format verb; enclose literal text in single quotes";
  }
}

std::optional<Timestamp> read_timestamp(const Value& value) {
  return Timestamp::parse(value.as_string());
}

CallError bad_timestamp(const Value& value, std::size_t argument) {
  return call_error("not a valid RFC3339 timestamp: \"" + value.as_string() +
                        "\"; expected e.g. \"2006-01-02T15:04:05Z\"",
                    argument);
}

CallResult format_date(Arguments arguments, std::uint64_t) {
  const auto time = read_timestamp(arguments[1]);
  if (!time) return bad_timestamp(arguments[1], 1);
  const std::string_view spec = arguments[0].as_string();
  std::string out;
  for (std::size_t i = 0; i < spec.size();) {
    const char c = spec[i];
    if (c == '\'') {
      // 'text', in which '' is a quote.
      for (++i;; ++i) {
        if (i >= spec.size()) return call_error("unterminated literal '", 0);
        if (spec[i] == '\'' && (i + 1 >= spec.size() || spec[i + 1] != '\'')) break;
        if (spec[i] == '\'') ++i;
        out += spec[i];
      }
      ++i;
      continue;
    }
    if (static_cast<unsigned char>(c) >= 0x80 || !is_letter(static_cast<unsigned char>(c))) {
      out += c;
      ++i;
      continue;
    }
    const std::size_t end = std::min(spec.find_first_not_of(c, i), spec.size());
    const std::string_view verb = spec.substr(i, end - i);
    const auto text = expand(verb, *time);
    if (!text) {
      return call_error("invalid date format verb \"" + std::string(verb) + "\": " + meaning_of(c),
                        0);
    }
    out += *text;
    i = end;
  }
  return Value::string(std::move(out));
}

CallResult time_add(Arguments arguments, std::uint64_t) {
  const auto time = read_timestamp(arguments[0]);
  if (!time) return bad_timestamp(arguments[0], 0);
  const auto duration = parse_duration(arguments[1].as_string());
  if (!duration.ok()) return call_error(duration.error().message, 1);
  const auto later = time->plus(*duration);
  if (!later) return call_error("the result is beyond the year 9999 or before 0000");
  return Value::string(later->to_string());
}

}  // namespace

void add_date_functions(FunctionTable& table) {
  table["formatdate"] = {{string_parameter("format"), string_parameter("time")}, {}, format_date};
  table["timeadd"] = {{string_parameter("timestamp"), string_parameter("duration")}, {}, time_add};
}

}  // namespace yurt::hcl
