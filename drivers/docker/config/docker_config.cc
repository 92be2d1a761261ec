#include "drivers/docker/config/docker_config.h"

#include <algorithm>
#include <array>

namespace yurt::drivers::docker {
namespace {

using Json = nlohmann::json;
using DockerReader = ConfigReader;
template <typename T>
using Setting = ConfigReader::Setting<T>;

// One setting that is read into one member as it is.
template <typename T, auto member>
void plain(DockerReader& reader, const std::string& field, const Json& value, T& into) {
  reader.read(field, value, into.*member);
}

template <typename T, auto member>
void duration(DockerReader& reader, const std::string& field, const Json& value, T& into) {
  reader.read_duration(field, value, into.*member);
}

constexpr std::array<Setting<AuthConfig>, 4> auth_settings{{
    {"username", plain<AuthConfig, &AuthConfig::username>},
    {"password", plain<AuthConfig, &AuthConfig::password>},
    {"email", plain<AuthConfig, &AuthConfig::email>},
    {"server_address", plain<AuthConfig, &AuthConfig::server_address>},
}};

constexpr std::array<Setting<DeviceConfig>, 3> device_settings{{
    {"host_path", plain<DeviceConfig, &DeviceConfig::host_path>},
    {"container_path", plain<DeviceConfig, &DeviceConfig::container_path>},
    {"cgroup_permissions", plain<DeviceConfig, &DeviceConfig::cgroup_permissions>},
}};

constexpr std::array<Setting<MountConfig>, 1> bind_settings{{
    {"propagation", plain<MountConfig, &MountConfig::propagation>},
}};

constexpr std::array<Setting<MountConfig>, 2> tmpfs_settings{{
    {"size", plain<MountConfig, &MountConfig::tmpfs_size_bytes>},
    {"mode", plain<MountConfig, &MountConfig::tmpfs_mode>},
}};

constexpr std::array<Setting<MountConfig>, 2> volume_driver_settings{{
    {"name", plain<MountConfig, &MountConfig::driver>},
    {"options", plain<MountConfig, &MountConfig::driver_options>},
}};

template <typename T, const auto& settings>
void nested(DockerReader& reader, const std::string& field, const Json& value, T& into) {
  reader.blocks(field, value, [&](const std::string& own, const Json& block) {
    reader.read_block<T>(own, block, settings, into);
  });
}

constexpr std::array<Setting<MountConfig>, 3> volume_settings{{
    {"no_copy", plain<MountConfig, &MountConfig::no_copy>},
    {"labels", plain<MountConfig, &MountConfig::labels>},
    {"driver_config", nested<MountConfig, volume_driver_settings>},
}};

constexpr std::array<Setting<MountConfig>, 7> mount_settings{{
    {"type", plain<MountConfig, &MountConfig::type>},
    {"target", plain<MountConfig, &MountConfig::target>},
    {"source", plain<MountConfig, &MountConfig::source>},
    {"readonly", plain<MountConfig, &MountConfig::read_only>},
    {"bind_options", nested<MountConfig, bind_settings>},
    {"tmpfs_options", nested<MountConfig, tmpfs_settings>},
    {"volume_options", nested<MountConfig, volume_settings>},
}};

constexpr std::array<Setting<LoggingConfig>, 3> logging_settings{{
    {"type", plain<LoggingConfig, &LoggingConfig::type>},
    {"driver", plain<LoggingConfig, &LoggingConfig::type>},
    {"config", plain<LoggingConfig, &LoggingConfig::options>},
}};

constexpr std::array<Setting<HealthcheckConfig>, 6> healthcheck_settings{{
    {"disable", plain<HealthcheckConfig, &HealthcheckConfig::disable>},
    {"test", plain<HealthcheckConfig, &HealthcheckConfig::test>},
    {"interval", duration<HealthcheckConfig, &HealthcheckConfig::interval_ns>},
    {"timeout", duration<HealthcheckConfig, &HealthcheckConfig::timeout_ns>},
    {"start_period", duration<HealthcheckConfig, &HealthcheckConfig::start_period_ns>},
    {"retries", plain<HealthcheckConfig, &HealthcheckConfig::retries>},
}};

void read_auth(DockerReader& reader, const std::string& field, const Json& value,
               DockerConfig& into) {
  nested<AuthConfig, auth_settings>(reader, field, value, into.auth);
}

void read_logging(DockerReader& reader, const std::string& field, const Json& value,
                  DockerConfig& into) {
  nested<LoggingConfig, logging_settings>(reader, field, value, into.logging);
}

void read_healthchecks(DockerReader& reader, const std::string& field, const Json& value,
                       DockerConfig& into) {
  nested<HealthcheckConfig, healthcheck_settings>(reader, field, value, into.healthchecks);
}

void read_devices(DockerReader& reader, const std::string& field, const Json& value,
                  DockerConfig& into) {
  reader.blocks(field, value, [&](const std::string& own, const Json& block) {
    auto& device = into.devices.emplace_back();
    reader.read_block<DeviceConfig>(own, block, device_settings, device);
    if (device.host_path.empty()) reader.fail(own + ".host_path", "is required");
    if (device.cgroup_permissions.find_first_not_of("rwm") != std::string::npos) {
      reader.fail(own + ".cgroup_permissions", "must consist of the letters r, w and m");
    }
  });
}

void read_mounts(DockerReader& reader, const std::string& field, const Json& value,
                 DockerConfig& into) {
  reader.blocks(field, value, [&](const std::string& own, const Json& block) {
    auto& mount = into.mounts.emplace_back();
    reader.read_block<MountConfig>(own, block, mount_settings, mount);
    if (mount.target.empty()) reader.fail(own + ".target", "is required");
    if (mount.type != "volume" && mount.type != "bind" && mount.type != "tmpfs") {
      reader.fail(own + ".type", "must be bind, volume or tmpfs");
    }
    if (mount.type == "bind" && mount.source.empty()) {
      reader.fail(own + ".source", "is required for a bind mount");
    }
  });
}

void read_port_map(DockerReader& reader, const std::string& field, const Json& value,
                   DockerConfig& into) {
  reader.blocks(field, value, [&](const std::string& own, const Json& block) {
    for (const auto& [label, port] : block.items()) {
      std::int64_t number = 1;
      reader.read(own + "." + label, port, number);
      if (number < 1 || number > 65535) {
        reader.fail(own + "." + label, "must be a port from 1 to 65535");
      }
      into.port_map.emplace_back(label, number);
    }
  });
}

// A list; a single text is a list of one.
void read_entrypoint(DockerReader& reader, const std::string& field, const Json& value,
                     DockerConfig& into) {
  into.entrypoint.emplace();
  if (value.is_string()) {
    into.entrypoint->push_back(value.get<std::string>());
  } else {
    reader.read(field, value, *into.entrypoint);
  }
}

template <auto member>
constexpr Setting<DockerConfig> setting(std::string_view name) {
  return {name, plain<DockerConfig, member>};
}

using D = DockerConfig;
constexpr auto docker_settings = std::to_array<Setting<DockerConfig>>({
    setting<&D::image>("image"),
    setting<&D::load>("load"),
    setting<&D::command>("command"),
    setting<&D::args>("args"),
    {"entrypoint", read_entrypoint},
    {"auth", read_auth},
    setting<&D::auth_soft_fail>("auth_soft_fail"),
    setting<&D::force_pull>("force_pull"),
    {"image_pull_timeout", duration<D, &D::image_pull_timeout_ns>},
    setting<&D::ports>("ports"),
    {"port_map", read_port_map},
    setting<&D::network_mode>("network_mode"),
    setting<&D::hostname>("hostname"),
    setting<&D::mac_address>("mac_address"),
    setting<&D::ipv4_address>("ipv4_address"),
    setting<&D::ipv6_address>("ipv6_address"),
    setting<&D::network_aliases>("network_aliases"),
    setting<&D::dns_servers>("dns_servers"),
    setting<&D::dns_search_domains>("dns_search_domains"),
    setting<&D::dns_options>("dns_options"),
    setting<&D::extra_hosts>("extra_hosts"),
    setting<&D::volumes>("volumes"),
    setting<&D::volume_driver>("volume_driver"),
    {"mount", read_mounts},
    {"mounts", read_mounts},
    setting<&D::tmpfs>("tmpfs"),
    setting<&D::readonly_rootfs>("readonly_rootfs"),
    setting<&D::storage_opt>("storage_opt"),
    setting<&D::work_dir>("work_dir"),
    setting<&D::labels>("labels"),
    setting<&D::cap_add>("cap_add"),
    setting<&D::cap_drop>("cap_drop"),
    setting<&D::security_opt>("security_opt"),
    setting<&D::group_add>("group_add"),
    setting<&D::privileged>("privileged"),
    setting<&D::ulimit>("ulimit"),
    setting<&D::sysctl>("sysctl"),
    setting<&D::shm_size_bytes>("shm_size"),
    {"devices", read_devices},
    setting<&D::runtime>("runtime"),
    setting<&D::init>("init"),
    setting<&D::tty>("tty"),
    setting<&D::interactive>("interactive"),
    {"healthchecks", read_healthchecks},
    {"logging", read_logging},
    setting<&D::memory_hard_limit_mib>("memory_hard_limit"),
    setting<&D::cpu_hard_limit>("cpu_hard_limit"),
    setting<&D::cpu_cfs_period_us>("cpu_cfs_period"),
    setting<&D::cpuset_cpus>("cpuset_cpus"),
    setting<&D::pids_limit>("pids_limit"),
    setting<&D::oom_score_adj>("oom_score_adj"),
    setting<&D::ipc_mode>("ipc_mode"),
    setting<&D::pid_mode>("pid_mode"),
    setting<&D::uts_mode>("uts_mode"),
    setting<&D::userns_mode>("userns_mode"),
    setting<&D::cgroupns>("cgroupns"),
});

void check_range(DockerReader& reader, const char* field, std::int64_t value, std::int64_t low,
                 std::int64_t high) {
  if (value >= low && value <= high) return;
  reader.fail(field, "must be from " + std::to_string(low) + " to " + std::to_string(high));
}

void check_docker_config(DockerReader& reader, const DockerConfig& config) {
  if (config.image.empty()) reader.fail("image", "is required");
  if (!config.ports.empty() && !config.port_map.empty()) {
    reader.fail("port_map", "and ports exclude each other; ports is the one to keep");
  }
  if (config.network_mode == "host" && !config.port_map.empty()) {
    reader.fail("port_map", "has no meaning in network_mode \"host\"");
  }
  check_range(reader, "cpu_cfs_period", config.cpu_cfs_period_us, 1'000, 1'000'000);
  check_range(reader, "oom_score_adj", config.oom_score_adj, 0, 1000);
  constexpr std::int64_t most = std::int64_t{1} << 53;
  check_range(reader, "shm_size", config.shm_size_bytes, 0, most);
  check_range(reader, "memory_hard_limit", config.memory_hard_limit_mib, 0, most >> 20);
  check_range(reader, "pids_limit", config.pids_limit, -1, 4'194'304);
  for (const auto& [name, limit] : config.ulimit) {
    const bool lenient = limit.find("${") != std::string::npos;
    const std::size_t colon = std::min(limit.find(':'), limit.size());
    const auto is_number = [](std::string_view text) {
      if (text.starts_with('-')) text.remove_prefix(1);
      return !text.empty() && text.size() < 19 &&
             text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    const std::string_view view = limit;
    if (!lenient && (!is_number(view.substr(0, colon)) ||
                     (colon < limit.size() && !is_number(view.substr(colon + 1))))) {
      reader.fail("ulimit." + name, "must be \"soft\" or \"soft:hard\", e.g. \"1024:2048\"");
    }
  }
  for (const std::string& path : config.tmpfs) {
    if (!path.starts_with('/') && path.find("${") == std::string::npos) {
      reader.fail("tmpfs", "must name absolute paths in the container");
    }
  }
}

}  // namespace

std::vector<ConfigError> parse_docker_config(std::string_view text, bool lenient,
                                             DockerConfig& config) {
  std::vector<ConfigError> errors;
  DockerReader reader(errors, lenient);
  const Json json = text.empty() ? Json::object() : Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    reader.fail("config", "must be a block of settings");
    return errors;
  }
  reader.read_block<DockerConfig>("", json, docker_settings, config);
  if (errors.empty()) check_docker_config(reader, config);
  return errors;
}

}  // namespace yurt::drivers::docker
