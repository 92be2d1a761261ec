#include "drivers/docker/container/task_mounts.h"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace yurt::drivers::docker {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

bool lies_within(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

Error volumes_disabled(const std::string& what) {
  return {ErrorCode::permission_denied,
          what +
              ": the agent allows only paths within the allocation; volumes { enabled = true } "
              "in its docker plugin's config allows others"};
}

std::string joined(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (!part.empty()) text += (text.empty() ? "" : ":") + part;
  }
  return text;
}

// "source:target[:mode]"
Result<std::string> bind_of(const std::string& volume, const TaskConfig& task,
                            const DockerConfig& config, const DockerOptions& options) {
  const std::size_t first = volume.find(':');
  if (first == std::string::npos || first == 0) {
    return Error{ErrorCode::invalid_argument,
                 "the volume \"" + volume + "\" must be \"source:target\" or \"source:target:ro\""};
  }
  const std::size_t second = std::min(volume.find(':', first + 1), volume.size());
  std::string source = volume.substr(0, first);
  const std::string target = volume.substr(first + 1, second - first - 1);
  std::string mode = second < volume.size() ? volume.substr(second + 1) : "";
  if (config.volume_driver.empty()) {
    YURT_ASSIGN(source, host_path_of(source, task, options));
  } else if (!options.volumes_enabled) {
    return volumes_disabled("the volume " + source);
  }
  if (!options.selinux_label.empty()) {
    mode += (mode.empty() ? "" : ",") + options.selinux_label;
  }
  return joined({source, target, mode});
}

Result<Json> mount_of(const MountConfig& mount, const TaskConfig& task,
                      const DockerOptions& options) {
  Json json{{"Type", mount.type}, {"Target", mount.target}, {"ReadOnly", mount.read_only}};
  if (mount.type == "bind") {
    YURT_ASSIGN(json["Source"], host_path_of(mount.source, task, options));
    if (!mount.propagation.empty()) json["BindOptions"] = {{"Propagation", mount.propagation}};
  } else if (mount.type == "tmpfs") {
    Json& tmpfs = json["TmpfsOptions"] = Json::object();
    if (mount.tmpfs_size_bytes > 0) tmpfs["SizeBytes"] = mount.tmpfs_size_bytes;
    if (mount.tmpfs_mode > 0) tmpfs["Mode"] = mount.tmpfs_mode;
  } else {
    if (!options.volumes_enabled) return volumes_disabled("the volume at " + mount.target);
    json["Source"] = mount.source;
    Json& volume = json["VolumeOptions"] = {{"NoCopy", mount.no_copy}};
    for (const auto& [key, value] : mount.labels) volume["Labels"][key] = value;
    if (!mount.driver.empty()) {
      volume["DriverConfig"] = {{"Name", mount.driver}, {"Options", Json::object()}};
      for (const auto& [key, value] : mount.driver_options) {
        volume["DriverConfig"]["Options"][key] = value;
      }
    }
  }
  return json;
}

}  // namespace

Result<std::string> host_path_of(const std::string& path, const TaskConfig& task,
                                 const DockerOptions& options) {
  std::error_code error;
  const fs::path wanted = path.starts_with('/') ? fs::path(path) : fs::path(task.task_dir) / path;
  if (path.starts_with('/') && options.volumes_enabled) return wanted.string();
  const fs::path root = fs::weakly_canonical(fs::path(task.alloc_dir).parent_path(), error);
  const fs::path real = fs::weakly_canonical(wanted, error);
  if (error) return system_error("looking at " + wanted.string(), error.value());
  if (!lies_within(real, root)) return volumes_disabled("the path " + path);
  return real.string();
}

Status add_mounts(const TaskConfig& task, const DockerConfig& config, const DockerOptions& options,
                  Json& host_config) {
  Json& binds = host_config["Binds"] = Json::array();
  const std::string& selinux = options.selinux_label;
  binds.push_back(joined({task.alloc_dir, inner_alloc_dir, selinux}));
  binds.push_back(joined({task.task_dir + "/local", inner_task_dir, selinux}));
  if (!task.secrets_dir.empty()) {
    binds.push_back(joined({task.secrets_dir, inner_secrets_dir, selinux}));
  }
  for (const HostMount& mount : task.mounts) {
    std::string mode = mount.read_only ? "ro" : "";
    if (!selinux.empty()) mode += (mode.empty() ? "" : ",") + selinux;
    binds.push_back(joined({mount.host_path, mount.task_path, mode}));
  }
  for (const std::string& volume : config.volumes) {
    YURT_ASSIGN(std::string bind, bind_of(volume, task, config, options));
    binds.push_back(std::move(bind));
  }
  if (!config.volume_driver.empty()) host_config["VolumeDriver"] = config.volume_driver;
  for (const MountConfig& mount : config.mounts) {
    YURT_ASSIGN(Json json, mount_of(mount, task, options));
    host_config["Mounts"].push_back(std::move(json));
  }
  for (const std::string& path : config.tmpfs) {
    const std::size_t colon = std::min(path.find(':'), path.size());
    host_config["Tmpfs"][path.substr(0, colon)] =
        colon < path.size() ? path.substr(colon + 1) : std::string();
  }
  return {};
}

}  // namespace yurt::drivers::docker
