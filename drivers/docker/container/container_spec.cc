#include "drivers/docker/container/container_spec.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/file.h"
#include "drivers/docker/container/labels.h"
#include "drivers/docker/container/policy.h"
#include "drivers/docker/container/task_mounts.h"

namespace yurt::drivers::docker {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t spec_mib = 1 << 20;

void set_if(Json& json, const char* key, const std::string& value) {
  if (!value.empty()) json[key] = value;
}

void set_if(Json& json, const char* key, const std::vector<std::string>& value) {
  if (!value.empty()) json[key] = value;
}

void set_if(Json& json, const char* key, const TextMap& map) {
  for (const auto& [name, value] : map) json[key][name] = value;
}

void add_resources(const TaskConfig& task, const DockerConfig& config, const DockerOptions& options,
                   Json& host) {
  const Resources& granted = task.resources;
  std::int64_t hard_mib = granted.memory_max_mib != 0 ? granted.memory_max_mib : granted.memory_mib;
  if (config.memory_hard_limit_mib > 0) hard_mib = config.memory_hard_limit_mib;
  if (hard_mib > 0) {
    host["Memory"] = hard_mib * spec_mib;
    host["MemorySwap"] = hard_mib * spec_mib;  // the two together: no swap
  }
  if (granted.memory_mib > 0 && granted.memory_mib != hard_mib) {
    host["MemoryReservation"] = granted.memory_mib * spec_mib;
  }
  // The kernel knows no fewer than 2 shares.
  if (granted.cpu_mhz > 0) host["CpuShares"] = std::max<std::int64_t>(2, granted.cpu_mhz);
  std::string cores = config.cpuset_cpus;
  if (!granted.cores.empty()) {
    cores.clear();
    for (const std::uint32_t core : granted.cores) {
      cores += (cores.empty() ? "" : ",") + std::to_string(core);
    }
  }
  set_if(host, "CpusetCpus", cores);
  if (config.cpu_hard_limit && granted.machine_cpu_mhz > 0) {
    const auto machine_cores =
        static_cast<double>(std::max(1U, std::thread::hardware_concurrency()));
    const double share = static_cast<double>(granted.cpu_mhz) /
                         static_cast<double>(granted.machine_cpu_mhz) * machine_cores;
    const auto quota =
        static_cast<std::int64_t>(share * static_cast<double>(config.cpu_cfs_period_us));
    host["CpuPeriod"] = config.cpu_cfs_period_us;
    host["CpuQuota"] = std::max<std::int64_t>(1000, quota);
  }
  const std::int64_t pids = config.pids_limit != 0 ? config.pids_limit : options.pids_limit;
  if (pids != 0) host["PidsLimit"] = pids;
  if (config.oom_score_adj != 0) host["OomScoreAdj"] = config.oom_score_adj;
  for (const auto& [name, limit] : config.ulimit) {
    const std::size_t colon = std::min(limit.find(':'), limit.size());
    const std::int64_t soft = std::stoll(limit.substr(0, colon));
    const std::int64_t hard = colon < limit.size() ? std::stoll(limit.substr(colon + 1)) : soft;
    host["Ulimits"].push_back({{"Name", name}, {"Soft", soft}, {"Hard", hard}});
  }
}

// The Engine wants a seccomp profile's text, not its path.
Result<std::string> security_option(const std::string& option, const TaskConfig& task,
                                    const DockerOptions& options) {
  constexpr std::string_view seccomp = "seccomp=";
  if (!option.starts_with(seccomp) && !option.starts_with("seccomp:")) return option;
  const std::string profile = option.substr(seccomp.size());
  if (profile == "unconfined" || profile.starts_with('{')) return std::string(seccomp) + profile;
  YURT_ASSIGN(const std::string path, host_path_of(profile, task, options));
  const auto text = read_file(path);
  if (!text.ok()) return text.error().within("security_opt");
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object()) {
    return Error{ErrorCode::invalid_argument,
                 "security_opt: the seccomp profile " + profile + " is no JSON object"};
  }
  return std::string(seccomp) + json.dump();
}

Status add_security(const ContainerRequest& request, Json& host) {
  const DockerConfig& config = request.config;
  YURT_TRY(check_allowed(config, request.options));
  if (config.privileged) host["Privileged"] = true;
  set_if(host, "CapAdd", config.cap_add);
  set_if(host, "CapDrop", dropped_capabilities(config, request.options));
  for (const std::string& option : config.security_opt) {
    YURT_ASSIGN(std::string text, security_option(option, request.task, request.options));
    host["SecurityOpt"].push_back(std::move(text));
  }
  set_if(host, "GroupAdd", config.group_add);
  set_if(host, "IpcMode", config.ipc_mode);
  set_if(host, "PidMode", config.pid_mode);
  set_if(host, "UTSMode", config.uts_mode);
  set_if(host, "UsernsMode", config.userns_mode);
  set_if(host, "CgroupnsMode", config.cgroupns);
  set_if(host, "Sysctls", config.sysctl);
  set_if(host, "Runtime", config.runtime);
  for (const DeviceConfig& device : config.devices) {
    host["Devices"].push_back(
        {{"PathOnHost", device.host_path},
         {"PathInContainer",
          device.container_path.empty() ? device.host_path : device.container_path},
         {"CgroupPermissions",
          device.cgroup_permissions.empty() ? "rwm" : device.cgroup_permissions}});
  }
  return {};
}

// NVIDIA's cards by a request that the Engine's own hook carries out; AMD's are plain device files.
void add_gpus(const TaskDevices& devices, Json& host) {
  Json nvidia = Json::array();
  std::set<std::string> files;
  for (const TaskDevice& device : devices.granted) {
    if (device.vendor == "nvidia") {
      nvidia.push_back(device.id);
    } else {
      files.insert(device.files.begin(), device.files.end());
    }
  }
  if (!nvidia.empty()) {
    host["DeviceRequests"].push_back({{"Driver", ""},
                                      {"Count", 0},
                                      {"DeviceIDs", std::move(nvidia)},
                                      {"Capabilities", Json::array({Json::array({"gpu"})})},
                                      {"Options", Json::object()}});
  }
  for (const std::string& file : files) {
    host["Devices"].push_back(
        {{"PathOnHost", file}, {"PathInContainer", file}, {"CgroupPermissions", "rwm"}});
  }
}

void publish(const TaskPort& port, std::int64_t inner, Json& body, Json& host) {
  for (const char* protocol : {"/tcp", "/udp"}) {
    const std::string key = std::to_string(inner) + protocol;
    body["ExposedPorts"][key] = Json::object();
    host["PortBindings"][key].push_back(
        {{"HostIp", port.host_ip}, {"HostPort", std::to_string(port.host_port)}});
  }
}

Status add_ports(const TaskConfig& task, const DockerConfig& config, Json& body, Json& host) {
  const auto find = [&task](const std::string& label) -> Result<TaskPort> {
    for (const TaskPort& port : task.ports) {
      if (port.label == label) return port;
    }
    return Error{ErrorCode::invalid_argument, "the task was given no port \"" + label +
                                                  "\": the group's network block must "
                                                  "have a port of this name"};
  };
  for (const std::string& label : config.ports) {
    YURT_ASSIGN(const TaskPort port, find(label));
    publish(port, port.inner_port > 0 ? port.inner_port : port.host_port, body, host);
  }
  for (const auto& [label, inner] : config.port_map) {
    YURT_ASSIGN(const TaskPort port, find(label));
    publish(port, inner, body, host);
  }
  return {};
}

Status add_network(const ContainerRequest& request, Json& body, Json& host) {
  const DockerConfig& config = request.config;
  std::string mode = config.network_mode;
  if (mode.empty() && request.task.network_mode == "none") mode = "none";
  set_if(host, "NetworkMode", mode);
  const bool shares = mode == "host" || mode == "none" || mode.starts_with("container:");
  if (!shares) YURT_TRY(add_ports(request.task, config, body, host));
  set_if(host, "Dns", config.dns_servers);
  set_if(host, "DnsSearch", config.dns_search_domains);
  set_if(host, "DnsOptions", config.dns_options);
  set_if(host, "ExtraHosts", config.extra_hosts);
  Json endpoint = Json::object();
  set_if(endpoint, "Aliases", config.network_aliases);
  if (!config.ipv4_address.empty()) {
    endpoint["IPAMConfig"]["IPv4Address"] = config.ipv4_address;
  }
  if (!config.ipv6_address.empty()) {
    endpoint["IPAMConfig"]["IPv6Address"] = config.ipv6_address;
  }
  if (!config.mac_address.empty()) {
    // It moved to the endpoint with version 1.44.
    if (request.api >= ApiVersion{1, 44}) {
      endpoint["MacAddress"] = config.mac_address;
    } else {
      body["MacAddress"] = config.mac_address;
    }
  }
  if (!endpoint.empty() && !shares) {
    body["NetworkingConfig"]["EndpointsConfig"][mode.empty() ? "bridge" : mode] = endpoint;
  }
  return {};
}

void add_logging(const TaskConfig& task, const DockerConfig& config, const DockerOptions& options,
                 Json& host) {
  std::string type = config.logging.type;
  TextMap log_options = config.logging.options;
  if (type.empty() && task.logs.disabled) type = "none";
  if (type.empty()) {
    type = options.logging_type;
    log_options.insert(log_options.end(), options.logging_options.begin(),
                       options.logging_options.end());
    if (type == "json-file" || type == "local") {
      // The Engine's own copy has to last while no agent reads: as long as the task's files.
      const auto given = [&log_options](std::string_view name) {
        return std::any_of(log_options.begin(), log_options.end(),
                           [name](const auto& option) { return option.first == name; });
      };
      const std::int64_t size_mib = std::max<std::int64_t>(10, task.logs.max_file_size_mib) *
                                    std::max<std::int64_t>(1, (task.logs.max_files + 1) / 2);
      if (!given("max-size")) log_options.emplace_back("max-size", std::to_string(size_mib) + "m");
      if (!given("max-file")) log_options.emplace_back("max-file", "2");
    }
  }
  host["LogConfig"] = {{"Type", type}, {"Config", Json::object()}};
  for (const auto& [name, value] : log_options) host["LogConfig"]["Config"][name] = value;
}

void add_healthcheck(const HealthcheckConfig& config, Json& body) {
  if (config.disable) {
    body["Healthcheck"] = {{"Test", Json::array({"NONE"})}};
    return;
  }
  Json health = Json::object();
  set_if(health, "Test", config.test);
  if (config.interval_ns > 0) health["Interval"] = config.interval_ns;
  if (config.timeout_ns > 0) health["Timeout"] = config.timeout_ns;
  if (config.start_period_ns > 0) health["StartPeriod"] = config.start_period_ns;
  if (config.retries > 0) health["Retries"] = config.retries;
  if (!health.empty()) body["Healthcheck"] = health;
}

void add_labels(const ContainerRequest& request, Json& body) {
  Json& labels = body["Labels"] = Json::object();
  for (const auto& [name, value] : request.config.labels) labels[name] = value;
  const TaskConfig& task = request.task;
  labels[label::nomad_alloc_id] = task.alloc_id;
  labels[label::alloc_id] = task.alloc_id;
  labels[label::ns] = task.ns;
  labels[label::job_id] = task.job_id;
  labels[label::group] = task.group_name;
  labels[label::task] = task.task_name;
  labels[label::task_id] = task.id;
  labels[label::owner] = request.owner;
  labels[label::state] = request.state;
}

// A port_map says where the program listens, which the environment has to tell it.
void add_environment(const TaskConfig& task, const DockerConfig& config, Json& body) {
  std::vector<std::pair<std::string, std::string>> env = task.env;
  for (const auto& [name, inner] : config.port_map) {
    for (const char* prefix : {"NOMAD_PORT_", "NOMAD_ALLOC_PORT_"}) {
      for (auto& [variable, value] : env) {
        if (variable == prefix + name) value = std::to_string(inner);
      }
    }
  }
  Json& list = body["Env"] = Json::array();
  for (const auto& [name, value] : env) list.push_back(name + "=" + value);
}

}  // namespace

Result<Json> container_spec(const ContainerRequest& request) {
  const TaskConfig& task = request.task;
  const DockerConfig& config = request.config;
  Json body{{"Image", request.image}};
  std::vector<std::string> command;
  if (!config.command.empty()) command.push_back(config.command);
  command.insert(command.end(), config.args.begin(), config.args.end());
  set_if(body, "Cmd", command);
  if (config.entrypoint) body["Entrypoint"] = *config.entrypoint;
  set_if(body, "User", task.user);
  set_if(body, "WorkingDir", config.work_dir);
  set_if(body, "Hostname", config.hostname);
  if (task.stop_signal > 0) body["StopSignal"] = std::to_string(task.stop_signal);
  body["Tty"] = config.tty;
  body["OpenStdin"] = config.interactive;
  add_environment(task, config, body);
  add_labels(request, body);
  add_healthcheck(config.healthchecks, body);

  Json host{{"RestartPolicy", {{"Name", "no"}}}};
  YURT_TRY(add_security(request, host));
  add_gpus(task.devices, host);
  YURT_TRY(add_mounts(task, config, request.options, host));
  YURT_TRY(add_network(request, body, host));
  add_resources(task, config, request.options, host);
  set_if(host, "CgroupParent", request.cgroup_parent);
  add_logging(task, config, request.options, host);
  set_if(host, "StorageOpt", config.storage_opt);
  if (config.shm_size_bytes > 0) host["ShmSize"] = config.shm_size_bytes;
  if (config.readonly_rootfs) host["ReadonlyRootfs"] = true;
  if (config.init) host["Init"] = true;
  body["HostConfig"] = std::move(host);
  return body;
}

}  // namespace yurt::drivers::docker
