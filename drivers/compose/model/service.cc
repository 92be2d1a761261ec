// A service: the table of its keys.
#include <array>

#include "drivers/compose/model/service_parts.h"
#include "drivers/signals.h"

namespace yurt::drivers::compose {
namespace {

template <auto member>
void own(NodeReader& reader, const std::string& field, const YamlNode& node, Service& into) {
  reader.read(field, node, into.*member);
}
template <auto member>
void shared(NodeReader& reader, const std::string& field, const YamlNode& node, Service& into) {
  reader.read(field, node, into.container.*member);
}
template <auto member>
void one_or_many(NodeReader& reader, const std::string& field, const YamlNode& node,
                 Service& into) {
  reader.read_one_or_many(field, node, into.container.*member);
}

using S = Service;
using D = docker::DockerConfig;

void read_service_command(NodeReader& reader, const std::string& field, const YamlNode& node,
                          Service& into) {
  reader.read_command(field, node, into.container.args);
}

void read_service_entrypoint(NodeReader& reader, const std::string& field, const YamlNode& node,
                             Service& into) {
  reader.read_command(field, node, into.container.entrypoint.emplace());
}

// "/dev/a[:/dev/b[:rwm]]"
void read_device_list(NodeReader& reader, const std::string& field, const YamlNode& node,
                      Service& into) {
  reader.each_item(field, node, [&](const std::string& item_field, const YamlNode& item) {
    docker::DeviceConfig device;
    if (item.is_map()) {
      for (const YamlEntry& entry : item.entries) {
        std::string* place = entry.key == "source"        ? &device.host_path
                             : entry.key == "target"      ? &device.container_path
                             : entry.key == "permissions" ? &device.cgroup_permissions
                                                          : nullptr;
        if (place == nullptr) {
          reader.fail(entry.line, item_field + "." + entry.key,
                      "is no key of a device; there are source, target and permissions");
        } else {
          reader.read(item_field + "." + entry.key, entry.value, *place);
        }
      }
    } else {
      std::string text;
      reader.read(item_field, item, text);
      const std::size_t first = std::min(text.find(':'), text.size());
      const std::size_t second = std::min(text.find(':', first + 1), text.size());
      device.host_path = text.substr(0, first);
      if (first < text.size()) device.container_path = text.substr(first + 1, second - first - 1);
      if (second < text.size()) device.cgroup_permissions = text.substr(second + 1);
    }
    if (!item.open && !device.host_path.starts_with('/')) {
      reader.fail(item, item_field, "must be a device's path like \"/dev/fuse[:/dev/fuse[:rwm]]\"");
    }
    into.container.devices.push_back(std::move(device));
  });
}

// "name:address", "name=address" or a map.
void read_extra_hosts(NodeReader& reader, const std::string& field, const YamlNode& node,
                      Service& into) {
  if (node.is_map()) {
    for (const YamlEntry& entry : node.entries) {
      std::vector<std::string> addresses;
      reader.read_one_or_many(field + "." + entry.key, entry.value, addresses);
      for (const std::string& address : addresses) {
        into.container.extra_hosts.push_back(entry.key + ":" + address);
      }
    }
    return;
  }
  reader.each_item(field, node, [&](const std::string& item_field, const YamlNode& item) {
    std::string text;
    reader.read(item_field, item, text);
    const std::size_t split = text.find_first_of("=:");
    if (split == std::string::npos && !item.open) {
      return reader.fail(item, item_field, "must be \"name:address\"");
    }
    if (split != std::string::npos) text[split] = ':';
    into.container.extra_hosts.push_back(text);
  });
}

void read_exposed(NodeReader& reader, const std::string& field, const YamlNode& node,
                  Service& into) {
  reader.each_item(field, node, [&](const std::string& item_field, const YamlNode& item) {
    int port = 0;
    reader.read_port(item_field, item, port);
    if (port > 0) into.exposed.push_back(port);
  });
}

void read_stop_signal(NodeReader& reader, const std::string& field, const YamlNode& node,
                      Service& into) {
  if (node.open) return;
  const auto number = parse_signal(node.text);
  if (!number.ok()) return reader.fail(node, field, "must be a signal like SIGINT");
  into.stop_signal = *number;
}

void read_grace(NodeReader& reader, const std::string& field, const YamlNode& node, Service& into) {
  reader.read_duration(field, node, into.stop_grace_ns);
}

void read_shm_size(NodeReader& reader, const std::string& field, const YamlNode& node,
                   Service& into) {
  reader.read_bytes(field, node, into.container.shm_size_bytes);
}
void read_mem_limit(NodeReader& reader, const std::string& field, const YamlNode& node,
                    Service& into) {
  reader.read_bytes(field, node, into.memory_bytes);
}
void read_mem_reservation(NodeReader& reader, const std::string& field, const YamlNode& node,
                          Service& into) {
  reader.read_bytes(field, node, into.memory_reservation_bytes);
}

void read_scale(NodeReader& reader, const std::string& field, const YamlNode& node, Service& into) {
  std::int64_t count = 0;
  reader.read(field, node, count);
  if (node.open) return;
  if (count < 0) return reader.fail(node, field, "must not be negative");
  if (!into.replicas) into.replicas = count;
}

void read_pull_policy(NodeReader& reader, const std::string& field, const YamlNode& node,
                      Service& into) {
  constexpr std::array<std::string_view, 4> rules{"missing", "always", "never", "if_not_present"};
  const int choice = reader.read_choice(field, node, rules);
  if (choice >= 0) into.pull = choice == 3 ? PullRule::missing : static_cast<PullRule>(choice);
}

constexpr const char* logs =
    "is not supported: the output of every service goes into the task's log files (logs block)";
constexpr const char* swap = "is not supported: tasks have no swap";
constexpr auto service_keys = std::to_array<NodeReader::Key<Service>>({
    {"image", shared<&D::image>},
    {"build", nullptr,
     "is not supported: Yurt runs images and builds none; build it beforehand, push it, and name "
     "it with image"},
    {"command", read_service_command},
    {"entrypoint", read_service_entrypoint},
    {"environment", read_environment},
    {"env_file", read_env_file},
    {"volumes", read_volumes},
    {"tmpfs", one_or_many<&D::tmpfs>},
    {"ports", read_ports},
    {"expose", read_exposed},
    {"networks", read_service_networks},
    {"network_mode", read_network_mode},
    {"depends_on", read_depends_on},
    {"healthcheck", read_healthcheck},
    {"restart", read_restart},
    {"deploy", read_deploy},
    {"scale", read_scale},
    {"profiles", own<&S::profiles>},
    {"container_name", own<&S::container_name>},
    {"hostname", shared<&D::hostname>},
    {"mac_address", shared<&D::mac_address>},
    {"dns", one_or_many<&D::dns_servers>},
    {"dns_search", one_or_many<&D::dns_search_domains>},
    {"dns_opt", one_or_many<&D::dns_options>},
    {"extra_hosts", read_extra_hosts},
    {"user", own<&S::user>},
    {"working_dir", shared<&D::work_dir>},
    {"labels", shared<&D::labels>},
    {"stop_signal", read_stop_signal},
    {"stop_grace_period", read_grace},
    {"init", shared<&D::init>},
    {"tty", shared<&D::tty>},
    {"stdin_open", shared<&D::interactive>},
    {"read_only", shared<&D::readonly_rootfs>},
    {"privileged", shared<&D::privileged>},
    {"cap_add", shared<&D::cap_add>},
    {"cap_drop", shared<&D::cap_drop>},
    {"security_opt", shared<&D::security_opt>},
    {"group_add", shared<&D::group_add>},
    {"sysctls", shared<&D::sysctl>},
    {"ulimits", read_ulimits},
    {"shm_size", read_shm_size},
    {"devices", read_device_list},
    {"gpus", read_gpus},
    {"runtime", shared<&D::runtime>},
    {"ipc", shared<&D::ipc_mode>},
    {"pid", shared<&D::pid_mode>},
    {"uts", shared<&D::uts_mode>},
    {"userns_mode", shared<&D::userns_mode>},
    {"cgroup", shared<&D::cgroupns>},
    {"storage_opt", shared<&D::storage_opt>},
    {"oom_score_adj", shared<&D::oom_score_adj>},
    {"pids_limit", shared<&D::pids_limit>},
    {"cpus", own<&S::cpus>},
    {"cpuset", shared<&D::cpuset_cpus>},
    {"mem_limit", read_mem_limit},
    {"mem_reservation", read_mem_reservation},
    {"secrets", read_service_secrets},
    {"configs", read_service_configs},
    {"pull_policy", read_pull_policy},
    {"platform", own<&S::platform>},
    {"logging", nullptr, logs},
    {"memswap_limit", nullptr, swap},
    {"mem_swappiness", nullptr, swap},
    {"cgroup_parent", nullptr, "is not supported: the task's own group holds the project"},
    {"extends", nullptr, "is not supported: use YAML anchors and merge keys"},
    {"links", nullptr, "is not supported: services find each other by name in their networks"},
    {"external_links", nullptr, "is not supported: join an external network"},
    {"volumes_from", nullptr, "is not supported: name the volumes in both services"},
    {"develop", nullptr, "is for developing with docker compose and not supported"},
    {"attach", nullptr, "is not supported: the output of every service is collected"},
});

}  // namespace

void read_service(NodeReader& reader, const std::string& field, const YamlNode& node,
                  Service& into) {
  into.line = node.line;
  if (!node.is_map()) return reader.fail(node, field, "must be a map");
  const YamlNode* deploy = node.find("deploy");
  reader.read_map<Service>(field, node, service_keys, into);
  // deploy goes before what stands beside it, wherever it stands.
  if (deploy != nullptr && deploy->is_map() && deploy->find("restart_policy") != nullptr &&
      node.find("restart") != nullptr) {
    reader.fail(node, field + ".restart",
                "and deploy.restart_policy exclude each other; keep one of them");
  }
  if (into.container.image.empty() && node.find("build") == nullptr) {
    reader.fail(node, field + ".image", "is required");
  }
  const bool has_mode = node.find("network_mode") != nullptr;
  if (has_mode && node.find("networks") != nullptr) {
    reader.fail(node, field + ".network_mode", "and networks exclude each other");
  }
  if (!into.ports.empty() &&
      (!into.network_of_service.empty() || into.container.network_mode == "host" ||
       into.container.network_mode == "none")) {
    reader.fail(into.ports.front().line, field + ".ports", "has no meaning with this network_mode");
  }
}

}  // namespace yurt::drivers::compose
