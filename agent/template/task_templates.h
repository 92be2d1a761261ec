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
#include <set>
#include <string>
#include <vector>

#include "agent/environment/task_environment.h"
#include "agent/stream/cluster_data.h"
#include "base/result.h"
#include "templates/template.h"

namespace yurt::model {
class Task;
class Template;
}  // namespace yurt::model

namespace yurt::agent {

class ConfinedRoot;

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
  bool roll = false;        // something new waits to be committed, at the instance's turn
  std::uint64_t index = 0;  // of the newest data in that
  std::vector<std::string> signals;
  std::vector<ChangeScriptRequest> scripts;
  std::int64_t splay_ns = 0;                // act within a random part of this
  std::vector<std::string> rendered_again;  // destinations, with how often that has happened
  // What is read and is not there; what reads it was not rendered.
  std::vector<std::string> missing;
  bool answered = true;  // the servers have said so; else they have yet to answer
};

// What the templates of a task may read of the cluster, and how they are rolled out.
struct TemplateScope {
  const ClusterData* data = nullptr;  // null: nothing is answered
  std::string ns, region;
  bool rolling =
      false;  // a change that restarts waits for the instance's turn, unless said otherwise
};

class TaskTemplates {
 public:
  // `root` is the allocation's folder, `task_name` the task's within it: relative destinations lie
  // in the task's folder, absolute ones must lie in it or in the shared folder. `task` is read
  // only during the call.
  [[nodiscard]] static Result<std::shared_ptr<TaskTemplates>> create(
      const model::Task& task, const TaskEnvironment& environment,
      const std::filesystem::path& root, TemplateScope scope);

  // Renders everything; what is new since the last call comes back. The first call's changes only
  // hold scripts that asked to run on the first render.
  [[nodiscard]] Result<TemplateChanges> render(const TaskEnvironment& environment,
                                               std::int64_t now_wall_ns);

  // Takes what lies at the destinations for its own last rendering: for a task that an earlier
  // process of this agent has started.
  void adopt_rendered();

  // What rolls out is written once the task is to restart anyway, or has its turn; or it is
  // dropped, since it was not healthy elsewhere, until something newer comes.
  [[nodiscard]] Status commit_staged();
  void refuse_staged();

  // Variables of templates with env = true, as last rendered.
  [[nodiscard]] std::map<std::string, std::string> variables() const;
  // Whether anything that was read can change while the task runs, and should be looked at again.
  [[nodiscard]] bool watched() const;
  // What they read of the cluster.
  [[nodiscard]] std::set<WatchKey> watches() const;
  // How long data should be quiet before it is rendered, and how long that may put it off.
  struct Wait {
    std::int64_t min_ns = 0, max_ns = 0;
  };
  [[nodiscard]] Wait wait() const;

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
    bool rolls = false;
    Wait wait;
    std::int64_t splay_ns = 0;
    // Of the last rendering:
    bool rendered = false;
    std::string content;
    std::vector<std::string> files_read;
    std::map<std::string, std::string> variables;
    std::set<WatchKey> watches;
    int renderings = 0;
    std::optional<std::string> staged;   // new, and not written yet
    std::optional<std::string> refused;  // not to be written
  };

  TaskTemplates() = default;
  Status parse(One& one, const model::Template& block, const TaskEnvironment& environment) const;
  Status render_one(One& one, const TaskEnvironment& environment, std::int64_t now_wall_ns,
                    TemplateChanges& changes);
  Status write(One& one, const ConfinedRoot& root, std::string content);
  // See path_in_alloc.
  [[nodiscard]] Result<std::string> place(const std::string& path) const;

  mutable std::mutex mutex_;
  std::filesystem::path root_;
  std::string task_name_;
  TemplateScope scope_;
  std::vector<One> all_;
};

}  // namespace yurt::agent
