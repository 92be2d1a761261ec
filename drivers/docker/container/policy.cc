#include "drivers/docker/container/policy.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace yurt::drivers::docker {
namespace {

// What the Engine gives a container unless told otherwise.
constexpr std::array<std::string_view, 14> engine_capabilities = {
    "audit_write", "chown",  "dac_override",     "fowner",    "fsetid",
    "kill",        "mknod",  "net_raw",          "setfcap",   "setgid",
    "setpcap",     "setuid", "net_bind_service", "sys_chroot"};

// "CAP_NET_ADMIN", "NET_ADMIN" and "net_admin" are one.
std::string capability_name(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.starts_with("cap_") ? name.substr(4) : name;
}

bool is_allowed(const std::string& name, const std::vector<std::string>& allowed) {
  return std::any_of(allowed.begin(), allowed.end(), [&name](const std::string& one) {
    const std::string known = capability_name(one);
    return known == "all" || known == name;
  });
}

Error needs_privilege(const std::string& what) {
  return {ErrorCode::permission_denied,
          what +
              " is not allowed: set allow_privileged = true in the config of the agent's docker "
              "plugin to allow it"};
}

}  // namespace

Status check_allowed(const DockerConfig& config, const DockerOptions& options) {
  if (!options.allow_privileged) {
    if (config.privileged) return needs_privilege("privileged = true");
    const std::pair<const char*, const std::string&> modes[] = {
        {"pid_mode", config.pid_mode}, {"ipc_mode", config.ipc_mode},
        {"uts_mode", config.uts_mode}, {"userns_mode", config.userns_mode},
        {"cgroupns", config.cgroupns},
    };
    for (const auto& [name, mode] : modes) {
      if (mode == "host" || mode.starts_with("container:")) {
        return needs_privilege(std::string(name) + " = \"" + mode + "\"");
      }
    }
    if (!options.volumes_enabled && !config.devices.empty()) {
      return Error{ErrorCode::permission_denied,
                   "the device " + config.devices.front().host_path +
                       " is not allowed: set allow_privileged = true or volumes { enabled = true } "
                       "in the config of the agent's docker plugin to allow devices"};
    }
  }
  for (const std::string& capability : config.cap_add) {
    const std::string name = capability_name(capability);
    if (!is_allowed(name, options.allow_caps)) {
      return Error{ErrorCode::permission_denied,
                   "cap_add: \"" + capability +
                       "\" is not in allow_caps of the config of the agent's docker plugin"};
    }
  }
  if (!config.runtime.empty() &&
      std::find(options.allow_runtimes.begin(), options.allow_runtimes.end(), config.runtime) ==
          options.allow_runtimes.end()) {
    return Error{ErrorCode::permission_denied,
                 "runtime: \"" + config.runtime +
                     "\" is not in allow_runtimes of the config of the agent's docker plugin"};
  }
  if (options.pids_limit > 0 && (config.pids_limit > options.pids_limit || config.pids_limit < 0)) {
    return Error{ErrorCode::permission_denied,
                 "pids_limit: the agent's docker plugin allows at most " +
                     std::to_string(options.pids_limit)};
  }
  return {};
}

std::vector<std::string> dropped_capabilities(const DockerConfig& config,
                                              const DockerOptions& options) {
  std::vector<std::string> dropped = config.cap_drop;
  if (config.privileged) return dropped;
  for (const std::string_view capability : engine_capabilities) {
    const std::string name(capability);
    if (!is_allowed(name, options.allow_caps)) dropped.push_back(name);
  }
  return dropped;
}

}  // namespace yurt::drivers::docker
