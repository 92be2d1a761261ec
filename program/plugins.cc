#include "program/plugins.h"

#include <google/protobuf/descriptor.h>

#include <map>

namespace yurt::program {
namespace {

// raw_exec has but one setting; the others are docker's.
Status check_raw_exec(const model::PluginSettings& settings) {
  std::vector<const google::protobuf::FieldDescriptor*> set;
  settings.GetReflection()->ListFields(settings, &set);
  for (const auto* field : set) {
    if (field->number() == model::PluginSettings::kEnabledFieldNumber) continue;
    return Error{ErrorCode::invalid_argument,
                 "plugin \"raw_exec\": it has no setting \"" + std::string(field->name()) + "\""};
  }
  return {};
}

Status read_docker(const model::PluginSettings& settings, agent::DockerSettings& docker) {
  docker.enabled = !settings.has_enabled() || settings.enabled();
  auto& driver = docker.driver;
  driver.configured = true;
  if (settings.has_endpoint()) driver.endpoint = settings.endpoint();
  if (!driver.endpoint.starts_with("unix:///") && !driver.endpoint.starts_with('/')) {
    return Error{ErrorCode::invalid_argument,
                 "plugin \"docker\": endpoint must be a unix socket: \"unix:///path\""};
  }
  driver.allow_privileged = settings.allow_privileged();
  if (settings.allow_caps_size() > 0) {
    driver.allow_caps = {settings.allow_caps().begin(), settings.allow_caps().end()};
  }
  if (settings.allow_runtimes_size() > 0) {
    driver.allow_runtimes = {settings.allow_runtimes().begin(), settings.allow_runtimes().end()};
  }
  if (settings.volumes().has_enabled()) driver.volumes_enabled = settings.volumes().enabled();
  driver.selinux_label = settings.volumes().selinuxlabel();
  driver.pids_limit = settings.pids_limit();
  driver.auth_config_file = settings.auth().config();
  driver.auth_helper = settings.auth().helper();
  const auto& gc = settings.gc();
  if (gc.has_image()) driver.collect_images = gc.image();
  if (gc.has_image_delay()) driver.image_delay_ns = gc.image_delay();
  driver.image_max_bytes = gc.image_max_mb() << 20;
  const auto& dangling = gc.dangling_containers();
  if (dangling.has_period()) driver.sweep_interval_ns = dangling.period();
  if (dangling.has_creation_grace()) driver.dangling_grace_ns = dangling.creation_grace();
  if (settings.has_pull_activity_timeout()) {
    driver.pull_activity_timeout_ns = settings.pull_activity_timeout();
  }
  const std::pair<const char*, std::int64_t> positive[] = {
      {"gc.dangling_containers.period", driver.sweep_interval_ns},
      {"pull_activity_timeout", driver.pull_activity_timeout_ns},
  };
  for (const auto& [name, value] : positive) {
    if (value > 0) continue;
    return Error{ErrorCode::invalid_argument,
                 std::string("plugin \"docker\": ") + name + " must be more than nothing"};
  }
  if (settings.logging().has_type()) driver.logging_type = settings.logging().type();
  driver.logging_options = {settings.logging().config().begin(), settings.logging().config().end()};
  return {};
}

}  // namespace

Status read_plugins(const model::Config& config, agent::AgentOptions& options) {
  options.docker.enabled = true;  // where there is an Engine
  std::map<std::string, model::PluginSettings> merged;
  for (const auto& plugin : config.plugin()) merged[plugin.name()].MergeFrom(plugin.config());
  for (const auto& [name, settings] : merged) {
    if (name == "raw_exec") {
      YURT_TRY(check_raw_exec(settings));
      options.raw_exec.enabled = settings.enabled();
    } else if (name == "docker") {
      YURT_TRY(read_docker(settings, options.docker));
    } else {
      return Error{ErrorCode::invalid_argument,
                   "plugin \"" + name + "\": unknown; there are raw_exec and docker"};
    }
  }
  return {};
}

}  // namespace yurt::program
