#include "drivers/compose/project/container_body.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "drivers/compose/project/labels.h"
#include "drivers/docker/container/container_spec.h"
#include "drivers/docker/container/task_mounts.h"

namespace yurt::drivers::compose {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t bytes_per_mib = 1 << 20;
constexpr std::int64_t least_memory_bytes = 6 * bytes_per_mib;  // the Engine takes no less

Error refused(const std::string& service, const std::string& what) {
  return {ErrorCode::permission_denied, "services." + service + ": " + what};
}

// --- Files

Result<std::string> allowed_path(const ProjectPlan& plan, const std::string& path,
                                 const docker::DockerOptions& options) {
  if (path.starts_with('~')) {
    return Error{ErrorCode::invalid_argument,
                 "the path " + path + " begins with \"~\", and tasks have no home folder"};
  }
  const std::string machine = plan.machine_path(path);
  // Relative to the task's folder, a path is checked even where others are allowed.
  return docker::host_path_of(machine, plan.task, options);
}

// "source:target:mode" with the source as the machine knows it.
Status place_volumes(const ProjectPlan& plan, const docker::DockerOptions& options,
                     docker::DockerConfig& config) {
  for (std::string& volume : config.volumes) {
    const std::size_t colon = volume.find(':');
    YURT_ASSIGN(const std::string path, allowed_path(plan, volume.substr(0, colon), options));
    volume = path + volume.substr(colon);
  }
  for (docker::MountConfig& mount : config.mounts) {
    if (mount.type != "bind") continue;
    YURT_ASSIGN(mount.source, allowed_path(plan, mount.source, options));
  }
  return {};
}

// A secret's or config's content as a file of its own, with the owner and mode that are asked for.
Result<std::string> make_file(const ProjectPlan& plan, const FileObject& object, const FileUse& use,
                              const BodyMeans& means, const std::string& name) {
  std::string content;
  if (object.content) {
    content = *object.content;
  } else if (!object.environment.empty()) {
    const auto found = plan.variables.find(object.environment);
    if (found == plan.variables.end()) {
      return Error{ErrorCode::invalid_argument, "\"" + object.key + "\" is the variable " +
                                                    object.environment + ", which is not set"};
    }
    content = found->second;
  } else {
    YURT_ASSIGN(const std::string path, allowed_path(plan, object.file, means.options));
    auto text = read_file(path);
    if (!text.ok()) return text.error().within("\"" + object.key + "\"");
    content = std::move(*text);
  }
  const std::string path = means.files_folder + "/" + name;
  YURT_TRY(write_file_atomically(path, content, 0400));
  if (::chown(path.c_str(), static_cast<uid_t>(use.uid), static_cast<gid_t>(use.gid)) != 0 ||
      ::chmod(path.c_str(), static_cast<mode_t>(use.mode)) != 0) {
    return system_error("the file of \"" + object.key + "\"", errno);
  }
  return path;
}

Status add_file_objects(const ProjectPlan& plan, const PlannedContainer& container,
                        const BodyMeans& means, Json& host) {
  const Service& service = *container.service->service;
  int count = 0;
  for (const auto& [uses, objects] : {std::pair(&service.secrets, &plan.project.secrets),
                                      std::pair(&service.configs, &plan.project.configs)}) {
    for (const FileUse& use : *uses) {
      const FileObject* object = Project::find(*objects, &FileObject::key, use.key);
      YURT_ASSIGN(const std::string path, make_file(plan, *object, use, means,
                                                    container.key + "." + std::to_string(count++)));
      host["Binds"].push_back(path + ":" + use.target + ":ro");
    }
  }
  return {};
}

void name_volumes(const ProjectPlan& plan, const Service& service, docker::DockerConfig& config) {
  for (const VolumeUse& use : service.volumes) {
    docker::MountConfig mount = use.mount;
    mount.source = use.key.empty() ? "" : plan.volume_name(use.key);
    config.mounts.push_back(std::move(mount));
  }
}

// --- Environment

Status add_environment(const ProjectPlan& plan, const Service& service, const BodyMeans& means,
                       TaskConfig& task) {
  std::map<std::string, std::string> merged(task.env.begin(), task.env.end());
  for (const auto& [name, value] : task.env) merged[name] = value;
  for (const EnvFile& file : service.env_files) {
    YURT_ASSIGN(const std::string path, allowed_path(plan, file.path, means.options));
    const auto text = read_file(path);
    if (!text.ok()) {
      if (!file.required && text.error().code == ErrorCode::not_found) continue;
      return text.error().within("services." + service.name + ".env_file " + file.path);
    }
    const auto read = parse_env_file(*text, plan.variables);
    if (!read.ok()) return read.error().within("the env_file " + file.path);
    for (const auto& [name, value] : *read) merged[name] = value;
  }
  for (const auto& [name, value] : service.environment) {
    if (value) {
      merged[name] = *value;
    } else if (const auto found = plan.variables.find(name); found != plan.variables.end()) {
      merged[name] = found->second;
    } else {
      merged.erase(name);
    }
  }
  task.env.assign(merged.begin(), merged.end());
  return {};
}

// --- Ports

// The address of a port that the scheduler gave the task; without one: the text is why not.
Result<std::string> address_of(const ProjectPlan& plan, const Service& service,
                               const PublishedPort& port) {
  std::string address = port.host_ip;
  for (int number = port.first_host; number <= port.last_host; ++number) {
    const auto& given = plan.task.ports;
    const auto found = std::find_if(given.begin(), given.end(), [number](const TaskPort& one) {
      return one.host_port == number;
    });
    if (found == given.end()) {
      return refused(service.name,
                     fmt::format("publishes port {} of the machine, which the scheduler did not "
                                 "give to the task: add port \"...\" {{ static = {} }} to the "
                                 "group's network, or publish \"${{NOMAD_HOST_PORT_<label>}}:{}\"",
                                 number, number, port.container));
    }
    if (address.empty()) address = found->host_ip;
  }
  return address;
}

Status publish_ports(const ProjectPlan& plan, const Service& service, Json& body, Json& host) {
  for (const int port : service.exposed) {
    body["ExposedPorts"][std::to_string(port) + "/tcp"] = Json::object();
  }
  for (const PublishedPort& port : service.ports) {
    const std::string key = std::to_string(port.container) + "/" + port.protocol;
    std::string host_port;
    std::string address = port.host_ip;
    if (port.first_host > 0) {
      YURT_ASSIGN(address, address_of(plan, service, port));
      host_port = std::to_string(port.first_host);
      if (port.last_host > port.first_host) host_port += "-" + std::to_string(port.last_host);
    }
    body["ExposedPorts"][key] = Json::object();
    host["PortBindings"][key].push_back({{"HostIp", address}, {"HostPort", host_port}});
  }
  return {};
}

// --- Limits and devices

// What one container gets of the task's memory where no group holds them together: what it asks
// for, else a share of what the others leave.
std::int64_t memory_share(const ProjectPlan& plan, std::int64_t task_bytes) {
  std::int64_t left = task_bytes;
  std::int64_t without = 0;
  for (const PlannedContainer& other : plan.containers) {
    const std::int64_t own = other.service->service->memory_bytes;
    left -= own;
    without += own > 0 ? 0 : 1;
  }
  return std::max(least_memory_bytes, left / std::max<std::int64_t>(1, without));
}

void limit(const ProjectPlan& plan, const Service& service, const BodyMeans& means, Json& host) {
  const Resources& granted = plan.task.resources;
  const std::int64_t task_mib =
      granted.memory_max_mib != 0 ? granted.memory_max_mib : granted.memory_mib;
  std::int64_t bytes = service.memory_bytes;
  if (task_mib > 0) {
    const std::int64_t task_bytes = task_mib * bytes_per_mib;
    if (bytes > 0) {
      bytes = std::min(bytes, task_bytes);
    } else {
      bytes = means.cgroup_parent.empty() ? memory_share(plan, task_bytes) : task_bytes;
    }
  }
  if (bytes > 0) {
    host["Memory"] = bytes;
    host["MemorySwap"] = bytes;  // the two together: no swap
  }
  if (service.memory_reservation_bytes > 0) {
    host["MemoryReservation"] = bytes > 0 ? std::min(bytes, service.memory_reservation_bytes)
                                          : service.memory_reservation_bytes;
  }
  constexpr double nano = 1e9;
  if (service.cpus > 0) host["NanoCpus"] = static_cast<std::int64_t>(service.cpus * nano);
  if (!means.cgroup_parent.empty()) {
    host["CgroupParent"] = means.cgroup_parent;
  } else if (granted.cpu_mhz > 0) {
    const auto count = static_cast<std::int64_t>(plan.containers.size());
    host["CpuShares"] =
        std::max<std::int64_t>(2, granted.cpu_mhz / std::max<std::int64_t>(1, count));
  }
}

bool asks_for_gpus(const ActiveService& active) { return !active.service->devices.empty(); }

// Which of the task's GPUs a request means; an error for more or others than it has.
Result<std::vector<const TaskDevice*>> gpus_for(const ProjectPlan& plan, const Service& service,
                                                const DeviceRequest& request) {
  const auto& granted = plan.task.devices.granted;
  if (granted.empty()) {
    return refused(service.name,
                   "asks for GPUs, and the task was given none: add device \"nvidia/gpu\" to its "
                   "resources");
  }
  std::vector<const TaskDevice*> chosen;
  for (const std::string& id : request.ids) {
    for (const TaskDevice& device : granted) {
      if (device.id == id) chosen.push_back(&device);
    }
  }
  const auto count = request.count < 0 ? granted.size() : static_cast<std::size_t>(request.count);
  if (request.ids.empty()) {
    for (std::size_t i = 0; i < std::min(count, granted.size()); ++i) chosen.push_back(&granted[i]);
  }
  if (chosen.size() < (request.ids.empty() ? count : request.ids.size())) {
    return refused(service.name,
                   "asks for GPUs other than, or more than, those that the task was given");
  }
  return chosen;
}

// Services that ask for GPUs get them out of the task's; when none asks, all share all of them.
Status add_devices(const ProjectPlan& plan, const Service& service, Json& host) {
  for (const DeviceRequest& request : service.devices) {
    YURT_ASSIGN(const auto chosen, gpus_for(plan, service, request));
    Json json{{"Driver", request.driver},
              {"Count", 0},
              {"DeviceIDs", Json::array()},
              {"Capabilities", Json::array({request.capabilities})},
              {"Options", Json::object()}};
    for (const auto& [name, value] : request.options) json["Options"][name] = value;
    for (const TaskDevice* device : chosen) {
      if (device->vendor == "nvidia") {
        json["DeviceIDs"].push_back(device->id);
        continue;
      }
      for (const std::string& file : device->files) {
        host["Devices"].push_back(
            {{"PathOnHost", file}, {"PathInContainer", file}, {"CgroupPermissions", "rwm"}});
      }
    }
    if (!json["DeviceIDs"].empty()) host["DeviceRequests"].push_back(std::move(json));
  }
  return {};
}

// --- Labels

std::string hash_of(const std::string& text) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  return fmt::format("{:016x}", hash);
}

void add_labels(const ProjectPlan& plan, const PlannedContainer& container, const BodyMeans& means,
                Json& body) {
  const std::string hash = hash_of(body.dump(-1, ' ', false, Json::error_handler_t::replace));
  Json& labels = body["Labels"];
  labels[label::project] = plan.name;
  labels[label::service] = container.service->service->name;
  labels[label::number] = std::to_string(container.number);
  labels[label::oneoff] = "False";
  labels[label::config_hash] = hash;
  labels[label::version] = label::version_value;
  labels[label::config_files] = plan.file_path.empty() ? means.written_file : plan.file_path;
  labels[label::working_dir] = plan.folder;
}

}  // namespace

Result<docker::TextMap> parse_env_file(std::string_view text, const Variables& variables) {
  docker::TextMap out;
  Variables known = variables;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto trim = [](std::string_view part) {
      while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) part.remove_prefix(1);
      while (!part.empty() && std::string_view(" \t\r").find(part.back()) != std::string_view::npos)
        part.remove_suffix(1);
      return part;
    };
    line = trim(line);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const std::size_t equals = line.find('=');
    const std::string name(trim(line.substr(0, equals)));
    if (name.empty() || name.find(' ') != std::string::npos) {
      return Error{ErrorCode::invalid_argument,
                   "line " + std::to_string(number) + " must be NAME=value"};
    }
    if (equals == std::string_view::npos) {  // passed on
      if (const auto found = known.find(name); found != known.end()) {
        out.emplace_back(name, found->second);
      }
      continue;
    }
    std::string_view value = trim(line.substr(equals + 1));
    const char quote = value.empty() ? '\0' : value.front();
    std::string plain;
    if ((quote == '\'' || quote == '"') && value.find(quote, 1) != std::string_view::npos) {
      plain = value.substr(1, value.find(quote, 1) - 1);
    } else {
      const std::size_t comment = value.find(" #");
      plain = trim(value.substr(0, comment));
    }
    if (quote != '\'') {
      std::vector<std::string> unset;
      auto filled = interpolate(plain, &known, unset);
      if (!filled.ok()) return filled.error().within("line " + std::to_string(number));
      plain = std::move(filled->text);
    }
    known[name] = plain;
    out.emplace_back(name, plain);
  }
  return out;
}

Json endpoint_of(const PlannedContainer& container, const ServiceNetwork& network) {
  Json endpoint = Json::object();
  Json aliases = Json::array({container.service->service->name, container.key});
  for (const std::string& alias : network.aliases) aliases.push_back(alias);
  endpoint["Aliases"] = std::move(aliases);
  if (!network.ipv4.empty()) endpoint["IPAMConfig"]["IPv4Address"] = network.ipv4;
  if (!network.ipv6.empty()) endpoint["IPAMConfig"]["IPv6Address"] = network.ipv6;
  if (!network.link_local.empty()) endpoint["IPAMConfig"]["LinkLocalIPs"] = network.link_local;
  if (!network.mac.empty()) endpoint["MacAddress"] = network.mac;
  return endpoint;
}

Result<Json> container_body(const ProjectPlan& plan, const PlannedContainer& container,
                            const BodyMeans& means) {
  const Service& service = *container.service->service;
  docker::DockerConfig config = service.container;
  TaskConfig task = plan.task;
  task.ports.clear();
  task.resources.cpu_mhz = task.resources.memory_mib = task.resources.memory_max_mib = 0;
  if (!service.user.empty()) task.user = service.user;
  if (service.stop_signal > 0) task.stop_signal = service.stop_signal;
  if (std::any_of(plan.services.begin(), plan.services.end(), asks_for_gpus)) {
    task.devices.granted.clear();
    if (service.devices.empty()) {
      std::erase_if(task.env, [](const auto& variable) {
        return variable.first == "NVIDIA_VISIBLE_DEVICES" ||
               variable.first == "CUDA_VISIBLE_DEVICES";
      });
    }
  }
  YURT_TRY(add_environment(plan, service, means, task));
  YURT_TRY(place_volumes(plan, means.options, config));
  name_volumes(plan, service, config);
  const std::vector<ServiceNetwork> networks = ProjectPlan::networks_of(service);
  if (!means.network_holder.empty()) config.network_mode = "container:" + means.network_holder;
  if (!networks.empty()) config.network_mode = plan.network_name(networks.front().key);

  const Json state{{"driver", "compose"}, {"task", plan.task.id}, {"container", container.key}};
  auto body = docker::container_spec(
      {task, config, means.options, means.api, means.image_id, means.owner, state.dump()});
  if (!body.ok()) return body.error().within("services." + service.name);
  Json& host = (*body)["HostConfig"];
  if (!networks.empty()) {
    (*body)["NetworkingConfig"]["EndpointsConfig"] = {
        {config.network_mode, endpoint_of(container, networks.front())}};
  }
  YURT_TRY(publish_ports(plan, service, *body, host));
  YURT_TRY(add_file_objects(plan, container, means, host));
  YURT_TRY(add_devices(plan, service, host));
  limit(plan, service, means, host);
  const std::int64_t second = nanoseconds_per_second;
  (*body)["StopTimeout"] = std::max<std::int64_t>(0, (service.stop_grace_ns + second - 1) / second);
  add_labels(plan, container, means, *body);
  return body;
}

}  // namespace yurt::drivers::compose
