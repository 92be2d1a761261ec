// ProjectPlan: what a task's compose file means on this machine: which containers, in which order,
// under which names. Made anew, and the same, from what is kept of the task whenever an agent takes
// it over. A value without its own threads; unchanged once made, so thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "drivers/compose/model/start_order.h"
#include "drivers/compose/yaml/interpolate.h"
#include "drivers/docker/config/driver_options.h"
#include "drivers/driver.h"

namespace yurt::drivers::compose {

struct PlannedContainer {
  const ActiveService* service = nullptr;
  std::int64_t number = 1;
  std::string key;   // "worker-2": in logs, and to name it in commands
  std::string name;  // the Engine's
};

struct ProjectPlan {
  TaskConfig task;
  std::string name;
  std::string text;       // the file's
  std::string file_path;  // where it lies on this machine; "" = in the job
  std::string folder;     // what relative paths in it mean: absolute, on this machine
  Variables variables;
  std::vector<std::string> unset;  // used in the file and without a value
  Project project;
  std::vector<ActiveService> services;       // in start order; point into `project`
  std::vector<PlannedContainer> containers;  // likewise; point into `services`

  ProjectPlan() = default;
  ProjectPlan(const ProjectPlan&) = delete;
  ProjectPlan& operator=(const ProjectPlan&) = delete;

  // A path of the file's as the machine knows it: "/local", "/alloc" and "/secrets" are the task's,
  // as in its containers. Links are not followed and nothing is checked.
  [[nodiscard]] std::string machine_path(const std::string& path) const;
  // The Engine's names of the project's networks and volumes. REQUIRES: known to `project`, or
  // "default"
  [[nodiscard]] std::string network_name(const std::string& key) const;
  [[nodiscard]] std::string volume_name(const std::string& key) const;
  // The networks of `service` in order of their priority; empty with a network_mode.
  [[nodiscard]] static std::vector<ServiceNetwork> networks_of(const Service& service);
};

// The text of the file that the task's config names. Reads the machine's files.
// permission_denied when it lies outside the allocation and the agent does not allow that.
[[nodiscard]] Result<std::string> read_compose_text(const TaskConfig& task,
                                                    const docker::DockerOptions& options);

// invalid_argument with everything that is wrong.
[[nodiscard]] Result<std::shared_ptr<const ProjectPlan>> make_project_plan(TaskConfig task,
                                                                           std::string text);

}  // namespace yurt::drivers::compose
