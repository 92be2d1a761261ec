// The reattach state of a supervised task: one line of JSON that any later agent process on the
// same machine can find the task again with. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "drivers/cgroup/plan.h"
#include "drivers/shim/state_file.h"

namespace yurt::drivers {

struct Reattach {
  std::string id;
  std::string boot_id;  // a task does not survive the machine's restart
  StartedState started;
  CgroupFolders cgroups;
};

[[nodiscard]] std::string encode(const Reattach& reattach);
// invalid_argument when the text is not an encoded Reattach.
[[nodiscard]] Result<Reattach> parse_reattach(std::string_view text);

// Task ids are names of folders and cgroups: 1–128 of [A-Za-z0-9._-], not starting with a dot.
[[nodiscard]] bool is_valid_task_id(std::string_view id);

}  // namespace yurt::drivers
