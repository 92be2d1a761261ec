// yurt server, yurt agent and yurt dev: the commands that run until they are told to stop.
#pragma once

#include "cli/command.h"

namespace yurt::program {

void add_run_commands(CLI::App& root, cli::Session& session);

}  // namespace yurt::program
