// The plugin blocks of the configuration: which drivers an agent has, and how they are set.
#pragma once

#include "agent/options.h"
#include "base/result.h"
#include "proto/config.pb.h"

namespace yurt::program {

// Several blocks of one plugin are merged, later ones winning field by field. invalid_argument for
// a plugin that does not exist and for a setting that it does not have.
[[nodiscard]] Status read_plugins(const model::Config& config, agent::AgentOptions& options);

}  // namespace yurt::program
