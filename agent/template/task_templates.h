// TaskTemplates: the template blocks of one task: rendered into its folder before it starts, and
// again when what they read has changed.
//
// Rendering blocks (files) and may be called from any thread; calls wait for each other. Errors:
// invalid_argument for what only an edit of the job mends (syntax, an unknown function, a path
// that leads out), other codes for what may heal (a missing file).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/environment/task_environment.h"
#include "agent/template/template.h"
#include "base/result.h"

namespace yurt::model {
class Task;
class Template;
}  // namespace yurt::model

namespace yurt::agent {

struct ChangeScriptRequest {
  std::string command;
  std::vector<std::string> args;
  std::int64_t timeout_ns = 0;
  bool fail_on_error = false;
};

// What a new rendering asks of the task that uses it.
struct TemplateChanges {
  bool any = false;  // some file or variable has changed
  bool restart = false;
  std::vector<std::string> signals;
  std::vector<ChangeScriptRequest> scripts;
  std::int64_t splay_ns = 0;  // act within a random part of this
};

class TaskTemplates {
 public:
  // `root` is the allocation's folder, `task_name` the task's within it: relative destinations lie
  // in the task's folder, absolute ones must lie in it or in the shared folder. `task` is read
  // only during the call.
  [[nodiscard]] static Result<std::shared_ptr<TaskTemplates>> create(
      const model::Task& task, const TaskEnvironment& environment,
      const std::filesystem::path& root);

  // Renders everything; what is new since the last call comes back. The first call's changes only
  // hold scripts that asked to run on the first render.
  [[nodiscard]] Result<TemplateChanges> render(const TaskEnvironment& environment,
                                               std::int64_t now_wall_ns);

  // Takes what lies at the destinations for its own last rendering: for a task that an earlier
  // process of this agent has started.
  void adopt_rendered();

  // Variables of templates with env = true, as last rendered.
  [[nodiscard]] std::map<std::string, std::string> variables() const;
  // Whether anything that was read can change while the task runs, and should be looked at again.
  [[nodiscard]] bool watched() const;

 private:
  struct One {
    std::optional<templates::Template> parsed;  // none: read anew from `source`
    templates::Delimiters delimiters;
    std::string destination;  // relative to the root
    std::string source;       // relative to the root; "" = inline data
    unsigned perms = 0644;
    int uid = -1, gid = -1;
    bool env = false, once = false, error_on_missing_key = false;
    std::string change_mode, change_signal;
    ChangeScriptRequest script;
    bool script_on_first_render = false;
    std::int64_t splay_ns = 0;
    // Of the last rendering:
    bool rendered = false;
    std::string content;
    std::vector<std::string> files_read;
    std::map<std::string, std::string> variables;
  };

  TaskTemplates() = default;
  Status parse(One& one, const model::Template& block, const TaskEnvironment& environment) const;
  Status render_one(One& one, const TaskEnvironment& environment, std::int64_t now_wall_ns,
                    TemplateChanges& changes);
  // See path_in_alloc.
  [[nodiscard]] Result<std::string> place(const std::string& path) const;

  mutable std::mutex mutex_;
  std::filesystem::path root_;
  std::string task_name_;
  std::vector<One> all_;
};

}  // namespace yurt::agent
