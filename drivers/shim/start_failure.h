// What a shim's StartFailure means, as an error for the user. Pure; thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "drivers/shim/launch_spec.h"
#include "drivers/shim/protocol.h"

namespace yurt::drivers {

// `program` and `work_folder` name what was tried; `operations` are the launch's cgroup operations.
struct StartContext {
  std::string program;
  std::string work_folder;
  std::vector<std::string> operations;
};

[[nodiscard]] Error explain_start_failure(const StartContext& context,
                                          const shim::StartFailure& failure);

}  // namespace yurt::drivers
