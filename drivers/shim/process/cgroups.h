// The cgroup operations of a Spec (protocol.h), carried out by the shim: create before the task's
// fork, join in the child before its exec (so no process of the task is ever outside), ask and kill
// while it runs, remove when it is gone. The folders' names live in the Spec. Not thread-safe.
#pragma once

#include "drivers/shim/process/spec_view.h"

namespace yurt::shim {

class Cgroups {
 public:
  explicit Cgroups(const SpecView& spec) : spec_(spec) {}

  // Makes the folders and writes the limits. On failure what was made is removed again, and
  // `detail` is the index of the operation.
  [[nodiscard]] bool create(int& detail);

  // Puts the calling process in. `already_in_v2`: it was born into the v2 folder.
  [[nodiscard]] bool join(bool already_in_v2, int& detail) const;

  // A descriptor of the v2 folder for CLONE_INTO_CGROUP; -1 on v1 and without cgroups. The caller
  // closes it.
  [[nodiscard]] int open_v2_folder() const;

  // Sends SIGKILL to all processes in the folders made here. True when there were none.
  bool kill_all() const;

  // Whether the kernel has killed a process of the task for want of memory. `killed_by_signal`:
  // the task died of a SIGKILL that we did not send, which on kernels that do not count kills
  // (v1 before Linux 4.13) decides together with the count of failed allocations.
  [[nodiscard]] bool had_oom_kill(bool killed_by_signal) const;

  // Highest memory use in bytes; 0 = not known.
  [[nodiscard]] std::uint64_t peak_memory_bytes() const;

  // Removes the folders made by create. REQUIRES: no process is left in them (else it stays, and
  // the agent removes it).
  void remove() const;

 private:
  [[nodiscard]] bool try_create(int& detail);
  [[nodiscard]] const char* memory_folder() const;
  [[nodiscard]] std::uint64_t memory_number(const char* file, const char* key) const;

  const SpecView& spec_;
};

}  // namespace yurt::shim
