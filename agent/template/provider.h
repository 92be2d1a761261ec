// Provider: what a template may read of the world. Called while a template is rendered, on the
// rendering thread; may block for as long as reading a file does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/template/value.h"
#include "base/result.h"

namespace yurt::agent::templates {

class Provider {
 public:
  virtual ~Provider() = default;
  // A variable of the task's environment; nullopt when it is not set.
  [[nodiscard]] virtual std::optional<std::string> env(const std::string& name) = 0;
  [[nodiscard]] virtual Result<std::string> file(const std::string& path) = 0;
  [[nodiscard]] virtual std::int64_t now_wall_ns() = 0;
};

}  // namespace yurt::agent::templates
