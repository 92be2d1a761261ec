#include "bench/machine/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "base/assert.h"
#include "base/file.h"

namespace yurt::bench {

ChildProcess::ChildProcess(const std::vector<std::string>& arguments) {
  int to[2];
  int from[2];
  YURT_ASSERT(::pipe2(to, O_CLOEXEC) == 0 && ::pipe2(from, O_CLOEXEC) == 0);
  to_.reset(to[1]);
  from_.reset(from[0]);
  const UniqueFd child_in(to[0]);
  const UniqueFd child_out(from[1]);
  YURT_ASSERT(::fcntl(from_.get(), F_SETFL, O_NONBLOCK) == 0);
  posix_spawn_file_actions_t actions;
  YURT_ASSERT(::posix_spawn_file_actions_init(&actions) == 0);
  YURT_ASSERT(::posix_spawn_file_actions_adddup2(&actions, child_in.get(), STDIN_FILENO) == 0);
  YURT_ASSERT(::posix_spawn_file_actions_adddup2(&actions, child_out.get(), STDOUT_FILENO) == 0);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  YURT_ASSERT(::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) == 0);
  ::posix_spawn_file_actions_destroy(&actions);
}

void ChildProcess::tell(const std::string& line) {
  const std::string out = line + '\n';
  YURT_ASSERT(::write(to_.get(), out.data(), out.size()) == static_cast<ssize_t>(out.size()));
}

std::vector<std::string> ChildProcess::read_lines() {
  char buffer[4096];
  while (true) {
    const ssize_t got = ::read(from_.get(), buffer, sizeof buffer);
    if (got <= 0) break;
    unfinished_.append(buffer, static_cast<std::size_t>(got));
  }
  std::vector<std::string> lines;
  std::size_t end = 0;
  while ((end = unfinished_.find('\n')) != std::string::npos) {
    lines.push_back(unfinished_.substr(0, end));
    unfinished_.erase(0, end + 1);
  }
  return lines;
}

void ChildProcess::kill() { end(SIGKILL); }
void ChildProcess::terminate() { end(SIGTERM); }

void ChildProcess::end(int signal) {
  if (pid_ < 0) return;
  ::kill(pid_, signal);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

double resident_mib(pid_t pid) {
  const std::string status =
      read_file("/proc/" + std::to_string(pid) + "/status").value_or(std::string());
  const std::size_t at = status.find("VmRSS:");
  YURT_ASSERT(at != std::string::npos);
  return std::strtod(status.c_str() + at + 6, nullptr) / 1024;
}

}  // namespace yurt::bench
