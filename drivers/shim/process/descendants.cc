#include "drivers/shim/process/descendants.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "drivers/shim/process/small_file.h"
#include "drivers/shim/process/text.h"

namespace yurt::shim {
namespace {

// The parent of process `name` (decimal) as /proc tells; -1 when it is gone.
std::int64_t parent_of(int proc_fd, const char* name) {
  char stat[512];
  const Text<64> path = Text<64>().append(name).append("/stat");
  if (read_small_file(proc_fd, path.c_str(), stat, sizeof stat) < 0) return -1;
  // "pid (name) state ppid ...": the name may hold anything, so look from its last parenthesis.
  const char* at = std::strrchr(stat, ')');
  if (at == nullptr || std::strlen(at) < 4) return -1;
  at += 4;
  return take_number(at);
}

}  // namespace

void kill_children() {
  const int proc_fd = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc_fd < 0) return;
  const pid_t self = ::getpid();
  alignas(dirent64) char buffer[4096];
  while (true) {
    const long got = ::syscall(SYS_getdents64, proc_fd, buffer, sizeof buffer);
    if (got <= 0) break;
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      const char* rest = entry->d_name;
      const std::int64_t pid = take_number(rest);
      if (pid <= 1 || *rest != '\0' || parent_of(proc_fd, entry->d_name) != self) continue;
      ::kill(static_cast<pid_t>(pid), SIGKILL);
    }
  }
  ::close(proc_fd);
}

}  // namespace yurt::shim
