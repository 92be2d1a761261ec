// The syntax of schedules: cron expressions as Nomad's files write them.
//
// Five fields (minute hour day-of-month month day-of-week), six with a year at the end, seven with
// seconds before that; or @hourly, @daily, @weekly, @monthly, @yearly, @annually. Fields hold *,
// numbers, names of months and days, ranges, lists, steps; L and W for days of the month, L and #
// for days of the week.
#pragma once

#include <string_view>

#include "base/result.h"

namespace yurt::jobspec {

// invalid_argument names the field that is wrong and says what it may hold.
[[nodiscard]] Status check_cron(std::string_view expression);

}  // namespace yurt::jobspec
