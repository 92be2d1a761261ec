#include "jobspec/cron/schedule.h"

#include <algorithm>

#include "base/clock.h"
#include "proto/job.pb.h"

namespace yurt::jobspec {
namespace {

// A moment at which the zone's clocks jump, from one civil time to another.
struct Jump {
  absl::Time at;
  absl::CivilSecond from, to;

  [[nodiscard]] bool skips(absl::CivilSecond time) const { return from <= time && time < to; }
};

std::optional<Jump> next_jump(const absl::TimeZone& zone, absl::Time after) {
  absl::TimeZone::CivilTransition found;
  if (!zone.NextTransition(after, &found)) return std::nullopt;
  const absl::CivilSecond within = std::min(found.from, found.to);
  return Jump{zone.At(within).trans, found.from, found.to};
}

// The first launch not before `from`. Between two jumps civil time and elapsed time go side by
// side, so each stretch is searched by itself.
std::optional<absl::Time> next_launch(const CronExpression& expression, const absl::TimeZone& zone,
                                      absl::Time from) {
  absl::Time start = from;
  while (true) {
    const std::optional<Jump> jump = next_jump(zone, start);
    std::optional<absl::CivilSecond> match = next_match(expression, zone.At(start).cs);
    while (match && (!jump || *match < jump->from)) {
      const absl::TimeZone::TimeInfo info = zone.At(*match);
      const bool again = info.kind == absl::TimeZone::TimeInfo::REPEATED && info.trans <= start;
      if (!again) return info.pre;
      if (expression.every_hour()) return info.post;
      match = next_match(expression, *match + 1);
    }
    if (!match || !jump) return std::nullopt;
    if (jump->skips(*match) && !expression.every_hour()) return jump->at;
    start = jump->at;
  }
}

}  // namespace

Result<absl::TimeZone> find_time_zone(const std::string& name) {
  const bool is_name =
      !name.empty() && name.front() != '/' && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '/' || c == '_' || c == '-' || c == '+';
      });
  absl::TimeZone zone;
  if (!is_name || !absl::LoadTimeZone(name, &zone)) {
    return Error{
        ErrorCode::invalid_argument,
        "\"" + name + "\" is no time zone; expected a name such as \"UTC\" or \"Europe/Zurich\""};
  }
  return zone;
}

Result<Schedule> Schedule::parse(const std::vector<std::string>& expressions,
                                 const std::string& time_zone) {
  Schedule schedule;
  YURT_ASSIGN(schedule.zone_, find_time_zone(time_zone));
  for (const std::string& expression : expressions) {
    YURT_ASSIGN(CronExpression parsed, parse_cron(expression));
    schedule.expressions_.push_back(parsed);
  }
  return schedule;
}

Result<Schedule> Schedule::of(const model::PeriodicConfig& periodic) {
  std::vector<std::string> expressions(periodic.crons().begin(), periodic.crons().end());
  if (!periodic.cron().empty()) expressions.push_back(periodic.cron());
  return parse(expressions, periodic.time_zone());
}

std::optional<std::int64_t> Schedule::next(std::int64_t after_ns) const {
  const absl::Time from =
      absl::FromUnixSeconds(absl::ToUnixSeconds(absl::FromUnixNanos(after_ns)) + 1);
  std::optional<absl::Time> earliest;
  for (const CronExpression& expression : expressions_) {
    const std::optional<absl::Time> launch = next_launch(expression, zone_, from);
    if (launch && (!earliest || *launch < *earliest)) earliest = launch;
  }
  if (!earliest) return std::nullopt;
  return absl::ToUnixNanos(*earliest);
}

}  // namespace yurt::jobspec
