// Which services of a project run, how many of each, and in which order they are started.
// Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "drivers/compose/model/project.h"
#include "drivers/compose/yaml/yaml_node.h"

namespace yurt::drivers::compose {

struct ActiveService {
  const Service* service = nullptr;
  std::int64_t replicas = 1;
  // What must be the case before one of it is started; only services that run.
  std::vector<Dependency> depends_on;
};

struct Selection {
  std::vector<std::string> profiles;  // "*" = all
  std::vector<std::pair<std::string, std::int64_t>> scale;
};

// The services of `selection`, each behind all it depends on, else in the file's order. Everything
// that is wrong (a circle, a dependency that does not run, a scale for nobody, several replicas
// that would publish one port) comes back by line; 0 = not about a line of the file. `project`
// must outlive what it gives.
[[nodiscard]] std::vector<YamlError> start_order(const Project& project, const Selection& selection,
                                                 std::vector<ActiveService>& into);

}  // namespace yurt::drivers::compose
