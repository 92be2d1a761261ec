// Killing every process of one cgroup. Used by the agent and by yurt-shim, so it allocates nothing
// and needs no C++ library.
//
// On v2 the kernel does it in one step that no fork can escape (cgroup.kill, Linux 5.14). On v1,
// and on older kernels, it is two passes over cgroup.procs: stop all, then kill all. A process that
// was being forked meanwhile is found by the next call, so call it until it says `empty`.
// Thread-safe.
#pragma once

namespace yurt::drivers {

enum class CgroupKill {
  empty,      // no process left
  signalled,  // there were some, and they have been sent SIGKILL
  failed,     // the folder can't be read (errno says why; ENOENT: it is gone)
};

// `folder`: the cgroup's folder, absolute. Processes in cgroups beneath it are included.
[[nodiscard]] CgroupKill kill_cgroup(const char* folder);

}  // namespace yurt::drivers
