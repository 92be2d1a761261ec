#include "drivers/shim/process/start.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "drivers/shim/process/small_file.h"
#include "drivers/shim/process/text.h"

namespace yurt::shim {
namespace {

// A fork that returns in the parent once the child has executed its program or ended
// (CLONE_VFORK, but with memory of its own, unlike vfork). With `cgroup_fd` >= 0 the child is born
// in that v2 cgroup, which spares it the slow move (Linux 5.7). Returns like fork.
pid_t fork_until_exec(int cgroup_fd, bool& born_in_cgroup) {
  clone_args arguments{};
  arguments.flags = CLONE_VFORK;
  arguments.exit_signal = SIGCHLD;
  born_in_cgroup = cgroup_fd >= 0;
  if (born_in_cgroup) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(cgroup_fd);
    const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid >= 0) return static_cast<pid_t>(pid);
    born_in_cgroup = false;  // an older kernel, or a filter that knows no clone3
  }
  return static_cast<pid_t>(::syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0));
}

// Gives the task the score it was configured with, not the shim's own (main.cc).
bool set_oom_score(int score) {
  char current[16];
  if (read_small_file(AT_FDCWD, "/proc/self/oom_score_adj", current, sizeof current) < 0) {
    return false;
  }
  Text<16> text;
  text.append(score);
  const char* at = current;
  const bool negative = *at == '-';
  if (negative) ++at;
  const std::int64_t number = take_number(at);
  if ((negative ? -number : number) == score) return true;
  return write_control_file(AT_FDCWD, "/proc/self/oom_score_adj", text.c_str(), text.size()) == 0;
}

bool become_user(const SpecView& spec) {
  const SpecHeader& header = *spec.header;
  if (header.switch_user == 0) return true;
  static_assert(sizeof(gid_t) == sizeof(std::uint32_t));
  return ::setgroups(header.group_count, spec.groups) == 0 &&
         ::setresgid(header.gid, header.gid, header.gid) == 0 &&
         ::setresuid(header.uid, header.uid, header.uid) == 0;
}

// Executes `program`: a path, or a name to be found in the PATH of the environment. Returns, with
// errno, only on failure.
void execute(const char* program, char** arguments, char** environment) {
  if (std::strchr(program, '/') != nullptr) {
    ::execve(program, arguments, environment);
    return;
  }
  const char* folders = "/usr/local/bin:/usr/bin:/bin";
  for (char** variable = environment; *variable != nullptr; ++variable) {
    if (std::strncmp(*variable, "PATH=", 5) == 0) folders = *variable + 5;
  }
  int error = ENOENT;
  while (true) {
    const std::size_t size = std::strcspn(folders, ":");
    Text<PATH_MAX> path;
    path.append(folders, size).append(size > 0 ? "/" : "").append(program);
    ::execve(path.c_str(), arguments, environment);
    // As execvp(3): go on to the next folder, but remember that something was there.
    if (errno == EACCES) error = EACCES;
    if (errno != EACCES && errno != ENOENT && errno != ENOTDIR) return;
    if (folders[size] == '\0') break;
    folders += size + 1;
  }
  errno = error;
}

// In the child: everything up to the exec. Returns only on failure.
StartFailure become_task(const SpecView& spec, const Cgroups& cgroups, const StartRequest& request,
                         pid_t shim, bool born_in_cgroup) {
  int detail = 0;
  const auto failed = [&detail](StartStage stage) { return StartFailure{stage, errno, detail}; };
  if (!cgroups.join(born_in_cgroup, detail)) return failed(StartStage::cgroup_join);
  if (::setsid() < 0) return failed(StartStage::session);
  if (::dup2(request.standard_input, 0) < 0 || ::dup2(request.standard_output, 1) < 0 ||
      ::dup2(request.standard_error, 2) < 0) {
    return failed(StartStage::standard_files);
  }
  if (request.terminal && ::ioctl(0, TIOCSCTTY, 0) != 0) return failed(StartStage::terminal);
  if (!set_oom_score(spec.header->oom_score_adj)) return failed(StartStage::oom_score);
  if (!become_user(spec)) return failed(StartStage::user);
  // After the change of user, which clears it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != shim) ::_exit(1);
  if (::chdir(spec.work_folder) != 0) return failed(StartStage::work_folder);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  execute(request.program, request.arguments, spec.environment);
  return failed(StartStage::exec);
}

}  // namespace

pid_t start_process(const SpecView& spec, const Cgroups& cgroups, const StartRequest& request,
                    StartFailure& failure) {
  // The child's last words, shared with it.
  static auto* const report = [] {
    void* page = ::mmap(nullptr, sizeof(StartFailure), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? nullptr : static_cast<StartFailure*>(page);
  }();
  if (report == nullptr) {
    failure = {StartStage::fork, errno, 0};
    return -1;
  }
  *report = {StartStage::none, 0, 0};
  const pid_t shim = ::getpid();
  const int cgroup_fd = cgroups.open_v2_folder();
  bool born_in_cgroup = false;
  const pid_t pid = fork_until_exec(cgroup_fd, born_in_cgroup);
  if (pid == 0) {
    *report = become_task(spec, cgroups, request, shim, born_in_cgroup);
    ::_exit(127);
  }
  const int saved = errno;
  if (cgroup_fd >= 0) ::close(cgroup_fd);
  if (pid < 0) {
    failure = {StartStage::fork, saved, 0};
    return -1;
  }
  if (report->stage == StartStage::none) return pid;
  failure = *report;
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return -1;
}

}  // namespace yurt::shim
