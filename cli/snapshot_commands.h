// operator snapshot save, restore, inspect.
#pragma once

#include "cli/command.h"

namespace yurt::cli {

void add_snapshot_commands(CLI::App& operation, Session& session);

}  // namespace yurt::cli
