// A job diff as text: + added, - deleted, +/- changed, in colours where there are some.
#pragma once

#include <string>

#include "cli/terminal.h"
#include "proto/api.pb.h"

namespace yurt::cli {

[[nodiscard]] std::string diff_text(const Terminal& terminal, const model::JobDiff& diff,
                                    bool verbose);

}  // namespace yurt::cli
