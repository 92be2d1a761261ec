#include "drivers/cgroup/kill.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace yurt::drivers {
namespace {

constexpr int max_depth = 16;

// Sends `signal_number` to every process listed in `folder_fd`/cgroup.procs. How many, or -1.
int signal_processes(int folder_fd, int signal_number) {
  const int fd = ::openat(folder_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  char buffer[1024];
  int count = 0;
  std::int64_t pid = 0;
  while (true) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (ssize_t i = 0; i < got; ++i) {
      if (buffer[i] >= '0' && buffer[i] <= '9') {
        pid = pid * 10 + (buffer[i] - '0');
      } else {
        // 0 stands for a process outside our pid namespace: not ours to signal.
        if (pid > 1) {
          ::kill(static_cast<pid_t>(pid), signal_number);
          ++count;
        }
        pid = 0;
      }
    }
  }
  ::close(fd);
  return count;
}

int signal_tree(int folder_fd, int signal_number, int depth) {
  int count = signal_processes(folder_fd, signal_number);
  if (count < 0 || depth >= max_depth) return count;
  // getdents64(2) fills in what glibc declares as dirent64.
  alignas(dirent64) char buffer[2048];
  ::lseek(folder_fd, 0, SEEK_SET);
  while (true) {
    const long got = ::syscall(SYS_getdents64, folder_fd, buffer, sizeof buffer);
    if (got <= 0) return count;
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
      const int child = ::openat(folder_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (child < 0) continue;
      const int below = signal_tree(child, signal_number, depth + 1);
      if (below > 0) count += below;
      ::close(child);
    }
  }
}

}  // namespace

CgroupKill kill_cgroup(const char* folder) {
  const int folder_fd = ::open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0) return CgroupKill::failed;
  int count = signal_tree(folder_fd, 0, 0);
  if (count > 0) {
    const int kill_fd = ::openat(folder_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
    const bool killed = kill_fd >= 0 && ::write(kill_fd, "1", 1) == 1;
    if (kill_fd >= 0) ::close(kill_fd);
    if (!killed) {
      signal_tree(folder_fd, SIGSTOP, 0);
      signal_tree(folder_fd, SIGKILL, 0);
    }
  }
  const int saved = errno;
  ::close(folder_fd);
  errno = saved;
  if (count < 0) return CgroupKill::failed;
  return count == 0 ? CgroupKill::empty : CgroupKill::signalled;
}

}  // namespace yurt::drivers
