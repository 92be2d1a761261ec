// ProjectRecord: what an agent keeps of a project on the disk, so that the next one can go on with
// it: the task, the file's text, how far it has come. A value; the folder's functions block.
//
// One folder for each project, `<state folder>/projects/<task id>/`:
//   record.json   the record; holds the task's environment, so only root can read it
//   compose.yaml  the file's text, for those who look at the project with docker compose
//   position      how far the output has been stored (logs/project_log.h)
//   files/        secrets and configs
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "drivers/driver.h"

namespace yurt::drivers::compose {

struct ProjectRecord {
  // A stop that was asked for; an agent that takes over goes on with it.
  struct Stop {
    int signal = 0;
    std::int64_t deadline_ns = 0;  // Unix
  };

  TaskConfig task;
  std::string text;
  bool created = false;  // every container was made: from here on it is a task to be found again
  std::int64_t started_at_ns = 0;
  std::optional<Stop> stop;
};

class ProjectFolder {
 public:
  ProjectFolder(const std::string& state_folder, const std::string& task_id)
      : path_(all(state_folder) + "/" + task_id) {}

  // Where every project's folder lies.
  [[nodiscard]] static std::string all(const std::string& state_folder) {
    return state_folder + "/projects";
  }
  // The task ids of all that are there.
  [[nodiscard]] static std::vector<std::string> task_ids(const std::string& state_folder);

  [[nodiscard]] Status make() const;
  [[nodiscard]] Status write(const ProjectRecord& record) const;
  [[nodiscard]] Result<ProjectRecord> read() const;
  void remove() const;

  [[nodiscard]] std::string position() const { return path_ + "/position"; }
  [[nodiscard]] std::string files() const { return path_ + "/files"; }
  [[nodiscard]] std::string text() const { return path_ + "/compose.yaml"; }

 private:
  std::string path_;
};

}  // namespace yurt::drivers::compose
