// ClusterProcess: several raft_bench_node processes that form a cluster on loopback, in a folder of
// their own. Not thread-safe. Waits poll the processes' output; a process that ends by itself ends
// the program with a message.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "bench/machine/child_process.h"

namespace yurt::bench {

class ClusterProcess {
 public:
  ClusterProcess(std::string program, int size, std::filesystem::path folder);

  // Waits for a leader; its number, counted from 0.
  [[nodiscard]] int wait_for_leader();
  // Sends `line` to one node and waits for an answer that begins with `verb`; the answer.
  [[nodiscard]] std::string ask(int node, const std::string& line, const std::string& verb);
  void tell(int node, const std::string& line);
  void tell_all(const std::string& line);
  // kill -9; the steady time at which it was done.
  std::int64_t kill(int node);
  void start(int node);
  // Waits until a node's line begins with `verb`; the whole line.
  [[nodiscard]] std::string wait_for(const std::string& verb, int* which = nullptr);
  [[nodiscard]] int size() const { return static_cast<int>(nodes_.size()); }

 private:
  // Reads what has come, waiting for something if nothing has.
  void listen();

  const std::string program_;
  const std::filesystem::path folder_;
  std::vector<std::string> addresses_;
  std::vector<UniqueFd> ports_;  // held, so that nobody else gets them
  std::vector<std::unique_ptr<ChildProcess>> nodes_;
  std::vector<bool> leads_;
  std::vector<std::pair<int, std::string>> lines_;  // not asked for yet
};

}  // namespace yurt::bench
