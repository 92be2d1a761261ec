// TaskEnvironment: the environment variables of a task and the interpolation of `${...}`
// (shared/compat jobspec §3). Built anew for every run; immutable afterwards, so it may be read
// from any thread.
#pragma once

#include <google/protobuf/struct.pb.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/environment/node_facts.h"

namespace yurt::model {
class Assignment;
class Job;
class Task;
class TaskGroup;
}  // namespace yurt::model

namespace yurt::agent {

// Where the task sees its folders.
struct TaskPaths {
  std::string alloc_dir, task_dir, secrets_dir;
};

// Of a task with workers: the one whose environment this is.
struct WorkerFacts {
  std::size_t index = 0;
  std::size_t count = 1;
  std::string gpu;         // the UUID of its GPU; empty when it has none of its own
  std::string ready_file;  // as the task sees it; empty when nobody looks for it
};

class TaskEnvironment {
 public:
  // `extra` (from templates with env = true) wins over the job's env; `inherited` loses to all.
  TaskEnvironment(const model::Assignment& assignment, const model::Job& job,
                  const model::TaskGroup& group, const model::Task& task, const TaskPaths& paths,
                  std::shared_ptr<const NodeFacts> node,
                  const std::map<std::string, std::string>& inherited,
                  const std::map<std::string, std::string>& extra,
                  const std::optional<WorkerFacts>& worker = std::nullopt);

  [[nodiscard]] const std::map<std::string, std::string>& variables() const { return variables_; }

  // Replaces what is known: ${NAME}, ${env["NAME"]}, ${attr.…}, ${meta.…}, ${node.…}. What is not
  // known stays as it is written.
  [[nodiscard]] std::string interpolate(std::string_view text) const;
  // A driver's config block as JSON text with every string value interpolated.
  [[nodiscard]] std::string interpolate_config(const google::protobuf::Struct& config) const;

 private:
  [[nodiscard]] bool look_up(std::string_view name, std::string& value) const;

  std::shared_ptr<const NodeFacts> node_;
  std::map<std::string, std::string> variables_;
};

// The part of the agent's own environment that host processes inherit: all but what `denylist`
// names (a trailing "*" stands for any rest) and NOMAD_*.
[[nodiscard]] std::map<std::string, std::string> inherited_environment(
    const std::vector<std::string>& denylist);

}  // namespace yurt::agent
