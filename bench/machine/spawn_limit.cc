#include "bench/machine/spawn_limit.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "base/assert.h"
#include "base/clock.h"

namespace yurt::bench {

double spawns_per_second(int count, int parallel) {
  const SystemClock clock;
  const std::int64_t begin = clock.steady_ns();
  std::string command = "/bin/true";
  char* arguments[] = {command.data(), nullptr};
  int live = 0;
  for (int i = 0; i < count; ++i) {
    pid_t pid = 0;
    YURT_ASSERT(::posix_spawn(&pid, command.c_str(), nullptr, nullptr, arguments, environ) == 0);
    if (++live == parallel) {
      ::wait(nullptr);
      --live;
    }
  }
  while (live-- > 0) ::wait(nullptr);
  return count * 1e9 / static_cast<double>(clock.steady_ns() - begin);
}

}  // namespace yurt::bench
