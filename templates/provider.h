// Provider: what a template may read of the world. Called while a template is rendered, on the
// rendering thread; may block for as long as reading a file does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "templates/value.h"

namespace yurt::templates {

// What a template asks of the cluster.
struct ClusterQuery {
  enum class Kind {
    variable,         // an object of its items
    variable_exists,  // a bool
    variable_list,    // a list of objects: Path, Namespace, CreateIndex, ModifyIndex
    service,          // a list of objects, only healthy instances: Name, Address, Port, …
    service_list,     // a list of objects: Name, Tags
  };
  Kind kind = Kind::variable;
  std::string name;  // path, prefix or service
};

class Provider {
 public:
  virtual ~Provider() = default;
  // A variable of the task's environment; nullopt when it is not set.
  [[nodiscard]] virtual std::optional<std::string> env(const std::string& name) = 0;
  [[nodiscard]] virtual Result<std::string> file(const std::string& path) = 0;
  [[nodiscard]] virtual std::int64_t now_wall_ns() = 0;
  // Null when the answer is not known (yet), or there is no such variable: the provider remembers
  // that the rendering is of no use.
  [[nodiscard]] virtual Result<Value> cluster(const ClusterQuery& query) = 0;
};

}  // namespace yurt::templates
