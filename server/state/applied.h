// Applied: what applying a command answered to the one who proposed it. A plain value.
#pragma once

#include <cstdint>

namespace yurt::server {

struct Applied {
  std::uint64_t index = 0;             // of the command in the log
  std::uint64_t job_modify_index = 0;  // for commands about a job
  std::uint64_t job_version = 0;
};

}  // namespace yurt::server
