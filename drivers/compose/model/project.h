// A compose file as plain values; docs/compose.md lists what each key means here.
//
// What a container has in common with one of the docker driver's is kept in that driver's own
// settings (DockerConfig), so that both are created, and allowed, by the same rules. Sizes and
// times in the units their names say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "drivers/docker/config/docker_config.h"

namespace yurt::drivers::compose {

struct PublishedPort {
  std::string host_ip;
  int first_host = 0, last_host = 0;  // 0 = whichever the Engine finds free
  int container = 0;
  std::string protocol = "tcp";
  int line = 0;
};

struct ServiceNetwork {
  std::string key;
  std::vector<std::string> aliases;
  std::string ipv4, ipv6, mac;
  std::vector<std::string> link_local;
  std::int64_t priority = 0;
  int line = 0;
};

enum class Condition { started, healthy, completed };

struct Dependency {
  std::string service;
  Condition condition = Condition::started;
  bool required = true;
  int line = 0;
};

enum class RestartRule { never, on_failure, always };

struct RestartConfig {
  RestartRule rule = RestartRule::never;
  std::int64_t max_attempts = 0;  // on_failure: 0 = without end
  std::int64_t delay_ns = 0;      // 0 = growing, from 100 ms to a minute
  std::int64_t window_ns = 0;     // a run this long starts the count anew; 0 = 10 s
};

struct DeviceRequest {
  std::string driver;
  std::int64_t count = 0;  // -1 = all
  std::vector<std::string> ids;
  std::vector<std::string> capabilities;
  docker::TextMap options;
};

struct EnvFile {
  std::string path;
  bool required = true;
  int line = 0;
};

// A secret or config as a service sees it.
struct FileUse {
  std::string key;
  std::string target;  // absolute, in the container
  std::int64_t mode = 0444;
  std::int64_t uid = 0, gid = 0;
  int line = 0;
};

// A volume of the project's in a service; binds and tmpfs lie in `container`.
struct VolumeUse {
  std::string key;  // "" = without a name
  docker::MountConfig mount;
  int line = 0;
};

enum class PullRule { missing, always, never };

struct Service {
  std::string name;
  int line = 0;
  docker::DockerConfig container;
  std::string container_name, user, platform;
  std::vector<std::pair<std::string, std::optional<std::string>>> environment;  // none: passed on
  std::vector<EnvFile> env_files;
  std::vector<PublishedPort> ports;
  std::vector<int> exposed;
  std::vector<ServiceNetwork> networks;
  std::string network_of_service;  // network_mode: "service:<name>"
  std::vector<VolumeUse> volumes;
  std::vector<FileUse> secrets, configs;
  std::vector<Dependency> depends_on;
  RestartConfig restart;
  std::optional<std::int64_t> replicas;
  double cpus = 0;  // hard limit; 0 = none
  std::int64_t memory_bytes = 0, memory_reservation_bytes = 0;
  std::vector<DeviceRequest> devices;
  int stop_signal = 0;  // 0 = the image's
  std::int64_t stop_grace_ns = 10 * nanoseconds_per_second;
  std::vector<std::string> profiles;
  PullRule pull = PullRule::missing;
};

struct IpamPool {
  std::string subnet, ip_range, gateway;
  docker::TextMap aux_addresses;
};

struct Network {
  std::string key;
  std::string name;  // "" = made of the project's and the key
  bool external = false;
  std::string driver;
  docker::TextMap options, labels;
  bool internal = false, attachable = false, ipv6 = false;
  std::string ipam_driver;
  docker::TextMap ipam_options;
  std::vector<IpamPool> pools;
};

struct Volume {
  std::string key;
  std::string name;
  bool external = false;
  std::string driver;
  docker::TextMap options, labels;
};

// The source of secrets and configs: exactly one of these.
struct FileObject {
  std::string key;
  std::string file;
  std::string environment;  // a variable's name
  std::optional<std::string> content;
};

struct Project {
  std::string name;  // as the file says; may be empty
  std::vector<Service> services;
  std::vector<Network> networks;
  std::vector<Volume> volumes;
  std::vector<FileObject> secrets, configs;

  [[nodiscard]] const Service* service(const std::string& name) const {
    return find(services, &Service::name, name);
  }
  [[nodiscard]] const Network* network(const std::string& key) const {
    return find(networks, &Network::key, key);
  }
  [[nodiscard]] const Volume* volume(const std::string& key) const {
    return find(volumes, &Volume::key, key);
  }

  template <typename T>
  [[nodiscard]] static const T* find(const std::vector<T>& all, std::string T::*key,
                                     const std::string& wanted) {
    for (const T& one : all) {
      if (one.*key == wanted) return &one;
    }
    return nullptr;
  }
};

}  // namespace yurt::drivers::compose
