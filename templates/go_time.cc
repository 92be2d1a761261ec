#include <fmt/format.h>

#include <ctime>

#include "templates/functions.h"

namespace yurt::templates {
namespace {

constexpr const char* months[] = {"January",   "February", "March",    "April",
                                  "May",       "June",     "July",     "August",
                                  "September", "October",  "November", "December"};
constexpr const char* days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                "Thursday", "Friday", "Saturday"};

struct Moment {
  std::tm parts{};
  std::int64_t nanoseconds = 0;
};

// ".000" and ",999": as many digits of the second as there are zeros or nines; nines drop zeros
// at the end.
std::string fraction(const Moment& t, std::string_view pattern) {
  std::string digits = fmt::format("{:09}", t.nanoseconds).substr(0, pattern.size() - 1);
  if (pattern[1] == '9') {
    while (!digits.empty() && digits.back() == '0') digits.pop_back();
    if (digits.empty()) return "";
  }
  return pattern[0] + digits;
}

struct Element {
  std::string_view pattern;
  std::string (*text)(const Moment&);
};

// The reference time's parts (Go's time package), the longer before those they begin with.
const Element elements[] = {
    {"January", [](const Moment& t) { return std::string(months[t.parts.tm_mon]); }},
    {"Jan", [](const Moment& t) { return std::string(months[t.parts.tm_mon]).substr(0, 3); }},
    {"Monday", [](const Moment& t) { return std::string(days[t.parts.tm_wday]); }},
    {"Mon", [](const Moment& t) { return std::string(days[t.parts.tm_wday]).substr(0, 3); }},
    {"MST", [](const Moment&) { return std::string("UTC"); }},
    {"2006", [](const Moment& t) { return fmt::format("{:04}", t.parts.tm_year + 1900); }},
    {"-07:00", [](const Moment&) { return std::string("+00:00"); }},
    {"-0700", [](const Moment&) { return std::string("+0000"); }},
    {"-07", [](const Moment&) { return std::string("+00"); }},
    {"Z07:00", [](const Moment&) { return std::string("Z"); }},
    {"Z0700", [](const Moment&) { return std::string("Z"); }},
    {"002", [](const Moment& t) { return fmt::format("{:03}", t.parts.tm_yday + 1); }},
    {"01", [](const Moment& t) { return fmt::format("{:02}", t.parts.tm_mon + 1); }},
    {"02", [](const Moment& t) { return fmt::format("{:02}", t.parts.tm_mday); }},
    {"03", [](const Moment& t) { return fmt::format("{:02}", (t.parts.tm_hour + 11) % 12 + 1); }},
    {"04", [](const Moment& t) { return fmt::format("{:02}", t.parts.tm_min); }},
    {"05", [](const Moment& t) { return fmt::format("{:02}", t.parts.tm_sec); }},
    {"06", [](const Moment& t) { return fmt::format("{:02}", t.parts.tm_year % 100); }},
    {"15", [](const Moment& t) { return fmt::format("{:02}", t.parts.tm_hour); }},
    {"PM", [](const Moment& t) { return std::string(t.parts.tm_hour < 12 ? "AM" : "PM"); }},
    {"pm", [](const Moment& t) { return std::string(t.parts.tm_hour < 12 ? "am" : "pm"); }},
    {"_2", [](const Moment& t) { return fmt::format("{:2}", t.parts.tm_mday); }},
    {"1", [](const Moment& t) { return std::to_string(t.parts.tm_mon + 1); }},
    {"2", [](const Moment& t) { return std::to_string(t.parts.tm_mday); }},
    {"3", [](const Moment& t) { return std::to_string((t.parts.tm_hour + 11) % 12 + 1); }},
    {"4", [](const Moment& t) { return std::to_string(t.parts.tm_min); }},
    {"5", [](const Moment& t) { return std::to_string(t.parts.tm_sec); }},
};

}  // namespace

std::string format_go_time(std::int64_t unix_ns, const std::string& layout) {
  constexpr std::int64_t second = 1'000'000'000;
  Moment moment;
  moment.nanoseconds = ((unix_ns % second) + second) % second;
  const std::time_t seconds = (unix_ns - moment.nanoseconds) / second;
  ::gmtime_r(&seconds, &moment.parts);
  std::string out;
  std::string_view left = layout;
  while (!left.empty()) {
    if (left.size() > 1 && (left[0] == '.' || left[0] == ',') &&
        (left[1] == '0' || left[1] == '9')) {
      std::size_t length = 1;
      while (length < left.size() && length < 10 && left[length] == left[1]) ++length;
      out += fraction(moment, left.substr(0, length));
      left.remove_prefix(length);
      continue;
    }
    bool matched = false;
    for (const auto& element : elements) {
      if (left.substr(0, element.pattern.size()) != element.pattern) continue;
      out += element.text(moment);
      left.remove_prefix(element.pattern.size());
      matched = true;
      break;
    }
    if (matched) continue;
    out += left[0];
    left.remove_prefix(1);
  }
  return out;
}

}  // namespace yurt::templates
