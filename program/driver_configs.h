// What the drivers have against the config blocks of a job, told when the job is registered and not
// only when a node tries to run it. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "jobspec/validate/validate.h"

namespace yurt::program {

// A jobspec::ConfigCheck. Drivers that this build does not have are not judged.
[[nodiscard]] std::vector<jobspec::ConfigIssue> check_driver_config(
    const std::string& driver, const google::protobuf::Struct& config);

}  // namespace yurt::program
