// Applied: what applying a command answered to the one who proposed it. A plain value.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace yurt::model {
class SealedVariable;
}

namespace yurt::server {

struct Applied {
  std::uint64_t index = 0;             // of the command in the log
  std::uint64_t job_modify_index = 0;  // for commands about a job
  std::uint64_t job_version = 0;
  std::string existing{};  // the child or sweep that carries the dispatch's token already
  bool waiting = false;    // a child for room in its lane, or a job for others
  // Of a change of a variable: it did not come about, since what stands there is otherwise.
  bool conflict = false;
  std::shared_ptr<const model::SealedVariable> variable{};  // as it stands now; null: there is none
};

}  // namespace yurt::server
