// What -sweep takes: "lr=0.1,0.01" (values), "depth=2..6" and "depth=2..6/2" (a range, and its
// step).
#pragma once

#include <string>

#include "base/result.h"
#include "proto/job.pb.h"

namespace yurt::cli {

[[nodiscard]] Result<model::SweepParameter> parse_sweep_parameter(const std::string& text);

}  // namespace yurt::cli
