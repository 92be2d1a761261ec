#include "server/proposer.h"

#include "proto/command.pb.h"
#include "raft/consensus.h"

namespace yurt::server {

void Proposer::propose(model::Command command, Done done) {
  if (command.time() == 0) command.set_time(clock_.wall_ns());
  consensus_.propose(command.SerializeAsString(),
                     [done = std::move(done)](Result<raft::Proposed> proposed) {
                       if (!proposed.ok()) {
                         done(proposed.error());
                       } else {
                         done(std::any_cast<Result<Applied>>(std::move(proposed->result)));
                       }
                     });
}

}  // namespace yurt::server
