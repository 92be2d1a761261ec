// NodeProcess: one raft_bench_node as a child process, spoken to in lines (see node.cc).
//
// Not thread-safe. Ending the object kills the process.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace yurt::bench {

class NodeProcess {
 public:
  // `arguments` begin with the program's path.
  explicit NodeProcess(const std::vector<std::string>& arguments);
  ~NodeProcess() { kill(); }
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  void tell(const std::string& line);
  // The file to poll for lines; read_lines() takes what is there without waiting.
  [[nodiscard]] int readable_fd() const { return from_.get(); }
  [[nodiscard]] std::vector<std::string> read_lines();
  // kill -9, and wait until it is gone. Idempotent.
  void kill();

 private:
  pid_t pid_ = -1;
  UniqueFd to_;
  UniqueFd from_;
  std::string unfinished_;
};

}  // namespace yurt::bench
