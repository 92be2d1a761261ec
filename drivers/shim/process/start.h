// Forks and executes one process of the task: the task itself, or a command run in it.
//
// The child is put into the task's cgroups, its own session and the task's user before it executes
// anything, and dies with the shim (PR_SET_PDEATHSIG). The parent waits until the exec has
// succeeded or failed, so a failure is known with its cause. Not thread-safe.
#pragma once

#include <sys/types.h>

#include "drivers/shim/process/cgroups.h"
#include "drivers/shim/process/spec_view.h"

namespace yurt::shim {

struct StartRequest {
  const char* program;
  char** arguments;
  int standard_input;
  int standard_output;
  int standard_error;
  bool terminal;  // standard_input becomes the controlling terminal
};

// The child's pid, or -1 and why. Nothing of a child that failed is left.
[[nodiscard]] pid_t start_process(const SpecView& spec, const Cgroups& cgroups,
                                  const StartRequest& request, StartFailure& failure);

}  // namespace yurt::shim
