// operator root keyring: the keys that variables are sealed with.
#pragma once

#include "cli/command.h"

namespace yurt::cli {

void add_keyring_commands(CLI::App& operation, Session& session);

}  // namespace yurt::cli
