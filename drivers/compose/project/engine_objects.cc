#include "drivers/compose/project/engine_objects.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/log.h"
#include "drivers/compose/project/labels.h"
#include "drivers/docker/container/labels.h"

namespace yurt::drivers::compose {
namespace {

using Json = nlohmann::json;
namespace own = docker::label;

std::string label_filter(const std::string& name, const std::string& value) {
  return docker::url_encoded(Json{{"label", {name + "=" + value}}}.dump());
}

Result<Json> create(docker::Services& services, const std::string& path, const Json& body) {
  docker::EngineCall call{"POST", path, body.dump(-1, ' ', false, Json::error_handler_t::replace)};
  call.timeout_ns = 120 * nanoseconds_per_second;
  return services.engine.json(call);
}

std::string text_in(const Json& labels, const char* name) {
  return labels.is_object() && labels.contains(name) && labels[name].is_string()
             ? labels[name].get<std::string>()
             : std::string();
}

Json labels_in(const Json& object) {
  return object.contains("Labels") && object["Labels"].is_object() ? object["Labels"]
                                                                   : Json::object();
}

Json map_of(const docker::TextMap& map) {
  Json json = Json::object();
  for (const auto& [name, value] : map) json[name] = value;
  return json;
}

Json object_labels(const docker::Services& services, const ProjectPlan& plan,
                   const docker::TextMap& given, const char* kind, const std::string& key) {
  Json labels = map_of(given);
  labels[label::project] = plan.name;
  labels[label::version] = label::version_value;
  labels[kind] = key;
  labels[own::owner] = services.owner;
  labels[own::task_id] = plan.task.id;
  labels[own::alloc_id] = plan.task.alloc_id;
  return labels;
}

Json network_body(const docker::Services& services, const ProjectPlan& plan,
                  const std::string& key) {
  const Network* network = plan.project.network(key);
  const Network plain;
  const Network& config = network == nullptr ? plain : *network;
  Json body{{"Name", plan.network_name(key)},
            {"CheckDuplicate", true},
            {"Driver", config.driver.empty() ? "bridge" : config.driver},
            {"Internal", config.internal},
            {"Attachable", config.attachable},
            {"EnableIPv6", config.ipv6},
            {"Options", map_of(config.options)},
            {"Labels", object_labels(services, plan, config.labels, label::network, key)}};
  if (!config.ipam_driver.empty() || !config.pools.empty() || !config.ipam_options.empty()) {
    Json pools = Json::array();
    for (const IpamPool& pool : config.pools) {
      Json one{{"Subnet", pool.subnet}};
      if (!pool.ip_range.empty()) one["IPRange"] = pool.ip_range;
      if (!pool.gateway.empty()) one["Gateway"] = pool.gateway;
      if (!pool.aux_addresses.empty()) one["AuxiliaryAddresses"] = map_of(pool.aux_addresses);
      pools.push_back(std::move(one));
    }
    body["IPAM"] = {{"Driver", config.ipam_driver.empty() ? "default" : config.ipam_driver},
                    {"Config", pools},
                    {"Options", map_of(config.ipam_options)}};
  }
  return body;
}

Status must_exist(docker::Services& services, const std::string& kind, const std::string& name) {
  const auto found = services.engine.call({"GET", "/" + kind + "s/" + docker::url_encoded(name)});
  if (found.ok()) return {};
  if (found.error().code != ErrorCode::not_found) return found.error();
  return Error{ErrorCode::not_found, "the external " + kind + " " + name +
                                         " does not exist on this machine's Docker Engine"};
}

// An earlier run of the same allocation, which goes away by itself.
Error being_removed(const ProjectPlan& plan) {
  return {ErrorCode::conflict,
          "the earlier run of the project " + plan.name + " has not been removed yet"};
}

Status make_network(docker::Services& services, const ProjectPlan& plan, const std::string& key) {
  const Json body = network_body(services, plan, key);
  auto created = create(services, "/networks/create", body);
  if (created.ok()) return {};
  if (created.error().code != ErrorCode::conflict) return created.error();
  // Left over from an earlier run of ours?
  const std::string name = plan.network_name(key);
  YURT_ASSIGN(const Json there,
              services.engine.json({"GET", "/networks/" + docker::url_encoded(name)}));
  const Json labels = labels_in(there);
  const bool is_ours = text_in(labels, own::owner) == services.owner;
  if (is_ours && services.is_kept(text_in(labels, own::task_id)) &&
      text_in(labels, own::alloc_id) == plan.task.alloc_id) {
    return being_removed(plan);
  }
  if (!is_ours || services.is_kept(text_in(labels, own::task_id))) {
    return Error{ErrorCode::resource_exhausted,
                 "the network " + name + " is there already and not this project's"};
  }
  remove_network(services, name);
  created = create(services, "/networks/create", body);
  return created.ok() ? Status() : Status(created.error());
}

}  // namespace

Result<std::vector<ListedContainer>> list_containers(docker::Services& services,
                                                     const std::string& task_id) {
  const std::string filter = task_id.empty() ? label_filter(own::owner, services.owner)
                                             : label_filter(own::task_id, task_id);
  YURT_ASSIGN(const Json list,
              services.engine.json({"GET", "/containers/json?all=1&filters=" + filter}));
  std::vector<ListedContainer> containers;
  for (const Json& entry : list) {
    const Json labels = labels_in(entry);
    // Nothing is trusted to have been filtered: what is not ours must not be touched.
    if (text_in(labels, own::owner) != services.owner) continue;
    const Json state = Json::parse(text_in(labels, own::state), nullptr, false);
    if (!state.is_object() || text_in(state, "driver") != "compose") continue;
    ListedContainer container;
    container.id = text_in(entry, "Id");
    container.task_id = text_in(labels, own::task_id);
    container.key = text_in(state, "container");
    container.state = text_in(entry, "State");
    container.status = text_in(entry, "Status");
    container.created_at_ns = entry.value("Created", std::int64_t{0}) * nanoseconds_per_second;
    if (task_id.empty() || container.task_id == task_id) containers.push_back(std::move(container));
  }
  return containers;
}

Status check_name_is_free(docker::Services& services, const ProjectPlan& plan) {
  YURT_ASSIGN(const Json list,
              services.engine.json({"GET", "/containers/json?all=1&filters=" +
                                               label_filter(label::project, plan.name)}));
  for (const Json& entry : list) {
    const Json labels = labels_in(entry);
    const std::string task_id = text_in(labels, own::task_id);
    if (text_in(labels, own::owner) == services.owner && !services.is_kept(task_id)) {
      YURT_TRY(remove_objects(services, task_id));
      continue;
    }
    if (text_in(labels, own::owner) == services.owner &&
        text_in(labels, own::alloc_id) == plan.task.alloc_id) {
      return being_removed(plan);
    }
    return Error{ErrorCode::resource_exhausted,
                 "a project named " + plan.name +
                     " runs on this machine already; give the task another project name, or none: "
                     "then it is made of the allocation's"};
  }
  return {};
}

Status make_networks(docker::Services& services, const ProjectPlan& plan,
                     const docker::DockerOptions& options) {
  std::set<std::string> keys;
  for (const ActiveService& active : plan.services) {
    for (const ServiceNetwork& network : ProjectPlan::networks_of(*active.service)) {
      keys.insert(network.key);
    }
  }
  for (const std::string& key : keys) {
    const Network* network = plan.project.network(key);
    if (network != nullptr && network->external) {
      YURT_TRY(must_exist(services, "network", plan.network_name(key)));
      continue;
    }
    if (network != nullptr && !network->driver.empty() && network->driver != "bridge" &&
        !options.allow_privileged) {
      return Error{ErrorCode::permission_denied,
                   "networks." + key +
                       ".driver: set allow_privileged = true in the config of the "
                       "agent's docker plugin to allow others than bridge"};
    }
    if (const Status made = make_network(services, plan, key); !made.ok()) {
      return made.error().within("networks." + key);
    }
  }
  return {};
}

Status make_volumes(docker::Services& services, const ProjectPlan& plan,
                    const docker::DockerOptions& options) {
  std::set<std::string> keys;
  for (const ActiveService& active : plan.services) {
    for (const VolumeUse& use : active.service->volumes) {
      if (!use.key.empty()) keys.insert(use.key);
    }
  }
  if (!keys.empty() && !options.volumes_enabled) {
    return Error{ErrorCode::permission_denied,
                 "volumes." + *keys.begin() +
                     ": the agent allows only paths within the "
                     "allocation; volumes { enabled = true } in its docker plugin's config allows "
                     "others"};
  }
  for (const std::string& key : keys) {
    const Volume& volume = *plan.project.volume(key);
    const std::string name = plan.volume_name(key);
    if (volume.external) {
      YURT_TRY(must_exist(services, "volume", name));
      continue;
    }
    const bool is_projects_own = volume.name.empty();
    Json labels = is_projects_own
                      ? object_labels(services, plan, volume.labels, label::volume, key)
                      : map_of(volume.labels);  // with a name of its own it outlives the project
    const auto created = create(services, "/volumes/create",
                                {{"Name", name},
                                 {"Driver", volume.driver.empty() ? "local" : volume.driver},
                                 {"DriverOpts", map_of(volume.options)},
                                 {"Labels", std::move(labels)}});
    if (!created.ok()) return created.error().within("volumes." + key);
  }
  return {};
}

Status remove_objects(docker::Services& services, const std::string& task_id) {
  YURT_ASSIGN(const auto containers, list_containers(services, task_id));
  for (const ListedContainer& container : containers) {
    const auto removed =
        services.engine.call({"DELETE", "/containers/" + container.id + "?v=1&force=1"});
    if (!removed.ok() && removed.error().code == ErrorCode::unavailable) return removed.error();
  }
  YURT_ASSIGN(const auto networks, list_networks(services));
  for (const LeftOver& network : networks) {
    if (network.owner_id == task_id) remove_network(services, network.name);
  }
  return {};
}

Result<std::vector<LeftOver>> list_networks(docker::Services& services) {
  YURT_ASSIGN(const Json list,
              services.engine.json(
                  {"GET", "/networks?filters=" + label_filter(own::owner, services.owner)}));
  std::vector<LeftOver> networks;
  for (const Json& entry : list) {
    const Json labels = labels_in(entry);
    if (text_in(labels, own::owner) != services.owner) continue;
    networks.push_back({text_in(entry, "Id"), text_in(labels, own::task_id)});
  }
  return networks;
}

Result<std::vector<LeftOver>> list_volumes(docker::Services& services) {
  YURT_ASSIGN(const Json answer,
              services.engine.json(
                  {"GET", "/volumes?filters=" + label_filter(own::owner, services.owner)}));
  std::vector<LeftOver> volumes;
  if (!answer.contains("Volumes") || !answer["Volumes"].is_array()) return volumes;
  for (const Json& entry : answer["Volumes"]) {
    const Json labels = labels_in(entry);
    if (text_in(labels, own::owner) != services.owner) continue;
    volumes.push_back({text_in(entry, "Name"), text_in(labels, own::alloc_id)});
  }
  return volumes;
}

void remove_network(docker::Services& services, const std::string& name) {
  const auto removed = services.engine.call({"DELETE", "/networks/" + docker::url_encoded(name)});
  if (!removed.ok() && removed.error().code != ErrorCode::not_found) {
    YURT_LOG(warn, "compose", "removing the network {}: {}", name, removed.error().message);
  }
}

void remove_volume(docker::Services& services, const std::string& name) {
  const auto removed = services.engine.call({"DELETE", "/volumes/" + docker::url_encoded(name)});
  if (!removed.ok() && removed.error().code != ErrorCode::not_found) {
    YURT_LOG(warn, "compose", "removing the volume {}: {}", name, removed.error().message);
  }
}

}  // namespace yurt::drivers::compose
