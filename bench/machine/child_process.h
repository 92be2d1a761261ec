// ChildProcess: a program started as a child and spoken to in lines.
//
// Not thread-safe. Ending the object kills the process (kill -9).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace yurt::bench {

class ChildProcess {
 public:
  // `arguments` begin with the program's path.
  explicit ChildProcess(const std::vector<std::string>& arguments);
  ~ChildProcess() { kill(); }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void tell(const std::string& line);
  // The file to poll for lines; read_lines() takes what is there without waiting.
  [[nodiscard]] int readable_fd() const { return from_.get(); }
  [[nodiscard]] std::vector<std::string> read_lines();
  // kill -9, and wait until it is gone. Idempotent.
  void kill();
  // SIGTERM, and wait until it is gone. Idempotent.
  void terminate();

 private:
  void end(int signal);

  pid_t pid_ = -1;
  UniqueFd to_;
  UniqueFd from_;
  std::string unfinished_;
};

// Memory of a process that is resident and nobody else's file, in MiB, as `ps` counts it (VmRSS).
[[nodiscard]] double resident_mib(pid_t pid);

}  // namespace yurt::bench
