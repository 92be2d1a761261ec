// ExecSessions: commands run inside the task on behalf of agents. Each owns the connection that
// asked for it: the connection's end kills the command's process group, and the command's end is
// told on it. The processes are children of the shim, so whatever ends the task ends them too.
// Not thread-safe.
#pragma once

#include <sys/types.h>

#include "drivers/shim/process/cgroups.h"
#include "drivers/shim/process/packet.h"
#include "drivers/shim/process/spec_view.h"

namespace yurt::shim {

class ExecSessions {
 public:
  ExecSessions(const SpecView& spec, const Cgroups& cgroups) : spec_(spec), cgroups_(cgroups) {}

  // Starts the command that `packet` (an exec) asks for, or tells why not, and takes over
  // `connection` and the packet's descriptors in any case.
  void start(int connection, const ReceivedPacket& packet);

  // The connection of session `index`, for polling; -1 = none.
  [[nodiscard]] int connection(int index) const { return sessions_[index].connection; }
  // The connection of session `index` has something to say.
  void serve(int index);
  // `pid` has been reaped with `status` (of waitpid): if it was a session's, tell and end it.
  void reaped(pid_t pid, int status);

 private:
  struct Session {
    int connection = -1;
    pid_t pid = 0;
  };
  Session sessions_[max_exec_sessions];
  const SpecView& spec_;
  const Cgroups& cgroups_;
};

}  // namespace yurt::shim
