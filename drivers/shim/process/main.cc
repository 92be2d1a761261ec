// yurt-shim: the process that stands between an agent and its tasks.
//
// An agent starts it once; it then forks one shim for each task the agent launches. A fork of this
// small process costs a tenth of executing another, and the agent, with its many threads and
// gigabytes, never forks at all. It ends when the agent's end of the launch socket is closed; the
// shims stay, each the supervisor of one task.
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "drivers/shim/process/packet.h"
#include "drivers/shim/process/shim.h"
#include "drivers/shim/process/small_file.h"

namespace yurt::shim {
namespace {

// Cuts every tie to the agent but the launch socket, so that tasks inherit nothing of it: no open
// file, no signal setting, no folder, no terminal.
void detach() {
  ::syscall(SYS_close_range, launch_socket_fd + 1, ~0U, 0);
  const int null = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  if (null > 2 && null != launch_socket_fd) ::close(null);
  ::fcntl(launch_socket_fd, F_SETFD, FD_CLOEXEC);
  ::setsid();
  ::umask(022);
  if (::chdir("/") != 0) ::_exit(1);
  // By the system call: the C library hides the two signals it reserves, and an ignored one would
  // be inherited. A kernel sigaction of zeros is SIG_DFL.
  constexpr unsigned long default_action[4] = {};
  for (int number = 1; number < NSIG; ++number) {
    ::syscall(SYS_rt_sigaction, number, default_action, nullptr, sizeof(std::uint64_t));
  }
  // Nobody but the agent ends us: a service manager that signals the whole group must not take
  // the tasks down. Blocked signals stay pending for ever.
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  // Shims that end are reaped by the kernel.
  ::signal(SIGCHLD, SIG_IGN);
  // When memory runs out the kernel is to kill tasks, not those who report it. Needs privilege;
  // tasks get their own score back.
  (void)write_control_file(AT_FDCWD, "/proc/self/oom_score_adj", "-1000", 5);
}

// Takes one launch. False when the agent is gone.
bool receive_launch(int (&fds)[launch_fd_count], bool& complete) {
  char request = 0;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)];
  iovec part{&request, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  complete = false;
  const ssize_t got = ::recvmsg(launch_socket_fd, &message, MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EINTR || errno == EMFILE || errno == ENOMEM)) return true;
  if (got <= 0) return false;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return true;
  const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  ::memcpy(fds, CMSG_DATA(header), count * sizeof(int));
  complete = request == launch_request && count == launch_fd_count;
  for (std::size_t i = 0; !complete && i < count; ++i) ::close(fds[i]);
  return true;
}

int serve() {
  int fds[launch_fd_count];
  bool complete = false;
  while (receive_launch(fds, complete)) {
    if (!complete) continue;
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(launch_socket_fd);
      ::signal(SIGCHLD, SIG_DFL);
      Shim shim(fds[launch_state_folder], fds[launch_listener], fds[launch_control],
                fds[launch_spec]);
      shim.run();
      ::_exit(0);
    }
    if (pid < 0) {
      const StartFailure failure{StartStage::fork, errno, 0};
      send_packet(fds[launch_control], PacketType::start_failed, &failure, sizeof failure);
    }
    for (int fd : fds) ::close(fd);
  }
  return 0;
}

bool is_launch_socket() {
  struct stat info {};
  return ::fstat(launch_socket_fd, &info) == 0 && S_ISSOCK(info.st_mode);
}

}  // namespace
}  // namespace yurt::shim

int main() {
  if (!yurt::shim::is_launch_socket()) {
    constexpr char text[] =
        "yurt-shim supervises the tasks of a yurt agent. The agent starts it; it is of no use by "
        "hand.\n";
    (void)!::write(2, text, sizeof text - 1);
    return 2;
  }
  yurt::shim::detach();
  return yurt::shim::serve();
}
