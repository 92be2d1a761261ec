// The two small texts a shim leaves in its state folder (and sends to agents): `started` while the
// task runs, `result` once it has ended. Lines of "key value", the last one "end", so that a file
// cut short is seen to be. drivers/shim/state_file.h reads them.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "drivers/shim/process/text.h"

namespace yurt::shim {

using StateText = Text<512>;

struct Outcome {
  int exit_code = 0;
  int signal = 0;
  bool oom_killed = false;
  std::int64_t started_at_ns = 0;
  std::int64_t finished_at_ns = 0;
  std::int64_t cpu_time_ns = 0;
  std::int64_t peak_memory_bytes = 0;
  std::int64_t lost_log_bytes = 0;
  bool unkillable = false;  // processes were left that SIGKILL did not end in time
};

[[nodiscard]] StateText started_text(pid_t task, std::int64_t started_at_ns);
[[nodiscard]] StateText result_text(const Outcome& outcome);

// Now, in nanoseconds since the Unix epoch.
[[nodiscard]] std::int64_t wall_clock_ns();

}  // namespace yurt::shim
