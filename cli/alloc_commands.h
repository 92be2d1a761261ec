// The parts of the `alloc` family, each in a file of its own.
#pragma once

#include "cli/command.h"

namespace yurt::cli {

// alloc logs, fs, exec: what streams.
void add_alloc_streams(CLI::App& alloc, Session& session);

}  // namespace yurt::cli
