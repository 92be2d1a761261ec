// Awaiting a batch job: following it to its end, with its logs, and telling how it went.
#pragma once

#include <cstdint>
#include <string>

#include "cli/command.h"

namespace yurt::cli {

// Exit codes of what waits for a batch job. A task's own exit code, 1 to 119, is passed on; a task
// that a signal ended gives 128 plus the signal, as shells do.
inline constexpr int exit_stopped = 120;        // the job was stopped
inline constexpr int exit_out_of_memory = 121;  // the kernel killed a task for want of memory
inline constexpr int exit_lost = 122;           // its node was lost
inline constexpr int exit_cannot_place = 123;   // no node can take it, with -fail-unplaced
inline constexpr int exit_timed_out = 124;      // as timeout(1)

// The same for people.
inline constexpr const char* await_exit_codes =
    "Exit codes with -wait: 0 complete, 1-119 the task's own, 120 stopped, 121 out of memory, "
    "122 node lost, 123 cannot be placed (-fail-unplaced), 124 timed out, 128+N ended by signal N.";

struct AwaitOptions {
  bool logs = false;
  bool fail_unplaced = false;
  std::string timeout;               // a duration; "" = for ever
  std::string on_interrupt = "ask";  // ask | leave | stop

  void add_to(CLI::App& command);
};

// Returns when the job has ended, in one of the ways above. Ctrl-C asks whether to stop the job.
int await_job(Session& session, const std::string& job_id, const AwaitOptions& options);

}  // namespace yurt::cli
