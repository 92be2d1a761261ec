#include "drivers/compose/project/project_plan.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "drivers/compose/config/compose_config.h"
#include "drivers/compose/model/read_project.h"
#include "drivers/docker/container/task_mounts.h"

namespace yurt::drivers::compose {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t short_id_length = 8;

// Paths as the task's containers know them begin with one of these.
std::string task_path(const std::string& path, const TaskConfig& task, const std::string& folder) {
  const std::pair<std::string, std::string> folders[] = {
      {docker::inner_task_dir, task.task_dir + "/local"},
      {docker::inner_alloc_dir, task.alloc_dir},
      {docker::inner_secrets_dir, task.secrets_dir},
  };
  for (const auto& [inner, outer] : folders) {
    if (path == inner) return outer;
    if (path.starts_with(inner + "/")) return outer + path.substr(inner.size());
  }
  if (path.starts_with('/')) return path;
  return (fs::path(folder) / path).lexically_normal().string();
}

Error all_of(const std::vector<ConfigError>& errors) {
  std::string text;
  for (const ConfigError& error : errors) text += (text.empty() ? "" : "; ") + error.message;
  return {ErrorCode::invalid_argument, text};
}

std::string name_of_project(const ComposeConfig& config, const Project& project,
                            const TaskConfig& task) {
  if (!config.project.empty()) return config.project;
  if (!project.name.empty()) return project.name;
  return as_project_name(task.job_id + "-" + task.task_name + "-" +
                         task.alloc_id.substr(0, short_id_length));
}

}  // namespace

std::string ProjectPlan::machine_path(const std::string& path) const {
  return task_path(path, task, folder);
}

std::string ProjectPlan::network_name(const std::string& key) const {
  const Network* network = project.network(key);
  if (network != nullptr && !network->name.empty()) return network->name;
  return network != nullptr && network->external ? key : name + "_" + key;
}

std::string ProjectPlan::volume_name(const std::string& key) const {
  const Volume* volume = project.volume(key);
  if (volume != nullptr && !volume->name.empty()) return volume->name;
  return volume != nullptr && volume->external ? key : name + "_" + key;
}

std::vector<ServiceNetwork> ProjectPlan::networks_of(const Service& service) {
  if (!service.network_of_service.empty() || !service.container.network_mode.empty()) return {};
  std::vector<ServiceNetwork> networks = service.networks;
  if (networks.empty()) networks.emplace_back().key = "default";
  std::stable_sort(networks.begin(), networks.end(),
                   [](const auto& a, const auto& b) { return a.priority > b.priority; });
  return networks;
}

Result<std::string> read_compose_text(const TaskConfig& task,
                                      const docker::DockerOptions& options) {
  ComposeConfig config;
  if (const auto wrong = parse_compose_config(task.config, true, config); !wrong.empty()) {
    return all_of(wrong);
  }
  if (!config.yaml.empty()) return config.yaml;
  YURT_ASSIGN(const std::string path,
              docker::host_path_of(task_path(config.file, task, task.task_dir), task, options));
  auto text = read_file(path);
  if (text.ok()) return text;
  const bool missing = text.error().code == ErrorCode::not_found;
  return Error{text.error().code,
               "the compose file " + config.file +
                   (missing ? " does not exist; paths are relative to the task's folder, e.g. "
                              "local/compose.yaml for an artifact"
                            : " can't be read: " + text.error().message)};
}

Result<std::shared_ptr<const ProjectPlan>> make_project_plan(TaskConfig task, std::string text) {
  ComposeConfig config;
  // Whatever is wrong with the text is told below, where its variables are known.
  if (const auto wrong = parse_compose_config(task.config, true, config); !wrong.empty()) {
    return all_of(wrong);
  }
  auto plan = std::make_shared<ProjectPlan>();
  plan->task = std::move(task);
  plan->text = std::move(text);
  plan->folder = plan->task.task_dir;
  if (!config.file.empty()) {
    plan->file_path = task_path(config.file, plan->task, plan->task.task_dir);
    plan->folder = fs::path(plan->file_path).parent_path().string();
  }
  for (const auto& [name, value] : plan->task.env) plan->variables[name] = value;
  for (const auto& [name, value] : config.env) plan->variables[name] = value;
  const std::string what = config.file.empty() ? "yaml" : config.file;
  auto wrong = read_project(plan->text, &plan->variables, plan->project, plan->unset);
  if (wrong.empty()) wrong = start_order(plan->project, config.selection, plan->services);
  if (!wrong.empty()) return all_of(as_config_errors(what, wrong));
  plan->name = name_of_project(config, plan->project, plan->task);
  if (!is_project_name(plan->name)) {
    return Error{ErrorCode::invalid_argument,
                 "\"" + plan->name +
                     "\" is no name for a project: lower-case letters, digits, \"_\" and \"-\", "
                     "beginning with a letter or digit"};
  }
  for (const ActiveService& active : plan->services) {
    const Service& service = *active.service;
    for (std::int64_t number = 1; number <= active.replicas; ++number) {
      PlannedContainer container{&active, number, service.name + "-" + std::to_string(number), ""};
      container.name = service.container_name.empty() ? plan->name + "-" + container.key
                                                      : service.container_name;
      plan->containers.push_back(std::move(container));
    }
  }
  return std::shared_ptr<const ProjectPlan>(std::move(plan));
}

}  // namespace yurt::drivers::compose
