// Schedule: when a periodic job is launched: its cron expressions in its time zone.
//
// Where clocks change (daylight saving), no launch is lost and none comes twice:
// - A time that the clocks skip is launched at the moment they jump; several such times, once.
// - A time that comes twice is launched the first time only.
// - Expressions for every hour go by elapsed time instead: "*/15 * * * *" is launched every fifteen
//   minutes, through skipped and repeated hours alike.
//
// Time zones come from the machine's database (package tzdata); "UTC" needs none. A value;
// thread-safe. Times are Unix nanoseconds; launches are at whole seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/result.h"
#include "jobspec/cron/expression.h"

namespace yurt::model {
class PeriodicConfig;
}

namespace yurt::jobspec {

class Schedule {
 public:
  // invalid_argument says which expression is wrong, or that there is no such time zone.
  [[nodiscard]] static Result<Schedule> parse(const std::vector<std::string>& expressions,
                                              const std::string& time_zone);
  // Of a job with its defaults applied.
  [[nodiscard]] static Result<Schedule> of(const model::PeriodicConfig& periodic);

  // The first launch later than `after_ns`; nullopt when there is none until 2099.
  [[nodiscard]] std::optional<std::int64_t> next(std::int64_t after_ns) const;

 private:
  std::vector<CronExpression> expressions_;
  absl::TimeZone zone_;
};

// "Europe/Zurich"; invalid_argument when the machine knows no zone of that name.
[[nodiscard]] Result<absl::TimeZone> find_time_zone(const std::string& name);

}  // namespace yurt::jobspec
