// Applied: what applying a command answered to the one who proposed it. A plain value.
#pragma once

#include <cstdint>
#include <string>

namespace yurt::server {

struct Applied {
  std::uint64_t index = 0;             // of the command in the log
  std::uint64_t job_modify_index = 0;  // for commands about a job
  std::uint64_t job_version = 0;
  std::string existing{};  // the child or sweep that carries the dispatch's token already
  bool waiting = false;    // the child waits for room in its lane
};

}  // namespace yurt::server
