// Proposer: proposes typed commands and hands back what applying them answered.
//
// Thread-safe. It stamps the command with the time when the caller has not.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/result.h"
#include "server/state/applied.h"

namespace yurt::model {
class Command;
}
namespace yurt::raft {
class Consensus;
}

namespace yurt::server {

class Proposer {
 public:
  using Done = std::function<void(Result<Applied>)>;

  Proposer(raft::Consensus& consensus, Clock& clock) : consensus_(consensus), clock_(clock) {}

  // As Core::propose.
  void propose(model::Command command, Done done);

 private:
  raft::Consensus& consensus_;
  Clock& clock_;
};

}  // namespace yurt::server
