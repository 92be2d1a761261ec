// What one dispatch asks for beyond its job, as flags of the command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "proto/batch.pb.h"

namespace yurt::cli {

struct OverrideOptions {
  int cpu = 0, memory = 0, memory_max = 0, count = 0;
  std::vector<std::string> devices, constraints;

  void add_to(CLI::App& command);
  // nullopt when no flag was given.
  [[nodiscard]] Result<std::optional<model::DispatchOverrides>> read() const;
};

}  // namespace yurt::cli
