#include "drivers/shim/process/outcome.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "drivers/shim/process/small_file.h"
#include "drivers/shim/protocol.h"

namespace yurt::shim {
namespace {

StateText& line(StateText& text, const char* key, std::int64_t value) {
  return text.append(key).append(" ").append(value).append("\n");
}

// Field 22 of /proc/<pid>/stat (proc(5)): when the process began, in clock ticks since boot; with
// the pid it names the process for ever. 0 when not known.
std::int64_t start_ticks(pid_t pid) {
  char stat[1024];
  const Text<64> path = Text<64>().append("/proc/").append(pid).append("/stat");
  if (read_small_file(AT_FDCWD, path.c_str(), stat, sizeof stat) < 0) return 0;
  const char* at = std::strrchr(stat, ')');
  // The name is field 2; twenty spaces further comes field 22.
  for (int field = 2; at != nullptr && field < 22; ++field) at = std::strchr(at + 1, ' ');
  if (at == nullptr) return 0;
  ++at;
  return take_number(at);
}

}  // namespace

StateText started_text(pid_t task, std::int64_t started_at_ns) {
  StateText text;
  line(text, "version", protocol_version);
  line(text, "shim_pid", ::getpid());
  line(text, "task_pid", task);
  line(text, "task_start_ticks", start_ticks(task));
  line(text, "started_at_ns", started_at_ns);
  text.append("end\n");
  return text;
}

StateText result_text(const Outcome& outcome) {
  StateText text;
  line(text, "version", protocol_version);
  line(text, "exit_code", outcome.exit_code);
  line(text, "signal", outcome.signal);
  line(text, "oom_killed", outcome.oom_killed ? 1 : 0);
  line(text, "started_at_ns", outcome.started_at_ns);
  line(text, "finished_at_ns", outcome.finished_at_ns);
  line(text, "cpu_time_ns", outcome.cpu_time_ns);
  line(text, "peak_memory_bytes", outcome.peak_memory_bytes);
  line(text, "lost_log_bytes", outcome.lost_log_bytes);
  line(text, "unkillable", outcome.unkillable ? 1 : 0);
  text.append("end\n");
  return text;
}

std::int64_t wall_clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace yurt::shim
