// Commands run inside a supervised task: the agent's side of shim/process/exec_sessions.h.
//
// Each session has a thread of its own, which reads the command's output; there are few sessions,
// and one whose output nobody takes must hold up no other.
#pragma once

#include <memory>

#include "drivers/driver.h"
#include "drivers/shim/state_folder.h"

namespace yurt::drivers {

// Returns once the command runs. failed_precondition when the task has ended.
[[nodiscard]] Result<std::unique_ptr<ExecSession>> start_exec_session(const StateFolder& folder,
                                                                      const ExecRequest& request,
                                                                      ExecEvents events);

}  // namespace yurt::drivers
