// Killing by descent. The shim is a child subreaper, so every descendant of the task whose parent
// died becomes the shim's own child, whatever session or group it moved to: killing the children
// again and again until none is left kills the whole tree, with or without cgroups.
#pragma once

namespace yurt::shim {

// Sends SIGKILL to each present child of the calling process.
void kill_children();

}  // namespace yurt::shim
