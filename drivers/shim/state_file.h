// The texts a shim writes (shim/process/outcome.h), read by the agent. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "drivers/driver.h"

namespace yurt::drivers {

struct StartedState {
  std::int32_t shim_pid = 0;
  std::int32_t task_pid = 0;
  std::int64_t task_start_ticks = 0;  // since boot; guards against a reused pid
  std::int64_t started_at_ns = 0;
};

// corrupt when the text is cut short or of a version this agent does not know.
[[nodiscard]] Result<StartedState> parse_started(std::string_view text);
[[nodiscard]] Result<ExitResult> parse_result(std::string_view text);

}  // namespace yurt::drivers
