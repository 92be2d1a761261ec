#include "drivers/compose/model/read_project.h"

#include <algorithm>
#include <array>
#include <regex>

#include "drivers/compose/model/service_parts.h"

namespace yurt::drivers::compose {
namespace {

template <typename T, auto member>
void top_plain(NodeReader& reader, const std::string& field, const YamlNode& node, T& into) {
  reader.read(field, node, into.*member);
}

// true, or the older form {name: …}.
template <typename T>
void read_external(NodeReader& reader, const std::string& field, const YamlNode& node, T& into) {
  if (!node.is_map()) return reader.read(field, node, into.external);
  into.external = true;
  if (const YamlNode* name = node.find("name")) reader.read(field + ".name", *name, into.name);
}

using I = IpamPool;
constexpr auto pool_keys = std::to_array<NodeReader::Key<I>>({
    {"subnet", top_plain<I, &I::subnet>},
    {"ip_range", top_plain<I, &I::ip_range>},
    {"gateway", top_plain<I, &I::gateway>},
    {"aux_addresses", top_plain<I, &I::aux_addresses>},
});
void read_pools(NodeReader& reader, const std::string& field, const YamlNode& node, Network& into) {
  reader.each_item(field, node, [&](const std::string& own, const YamlNode& item) {
    reader.read_map<IpamPool>(own, item, pool_keys, into.pools.emplace_back());
  });
}

using T = Network;
constexpr auto ipam_keys = std::to_array<NodeReader::Key<T>>({
    {"driver", top_plain<T, &T::ipam_driver>},
    {"config", read_pools},
    {"options", top_plain<T, &T::ipam_options>},
});
void read_ipam(NodeReader& reader, const std::string& field, const YamlNode& node, Network& into) {
  reader.read_map<Network>(field, node, ipam_keys, into);
}
constexpr auto network_keys_top = std::to_array<NodeReader::Key<T>>({
    {"name", top_plain<T, &T::name>},
    {"driver", top_plain<T, &T::driver>},
    {"driver_opts", top_plain<T, &T::options>},
    {"labels", top_plain<T, &T::labels>},
    {"external", read_external<T>},
    {"internal", top_plain<T, &T::internal>},
    {"attachable", top_plain<T, &T::attachable>},
    {"enable_ipv6", top_plain<T, &T::ipv6>},
    {"ipam", read_ipam},
});

constexpr auto volume_keys_top = std::to_array<NodeReader::Key<Volume>>({
    {"name", top_plain<Volume, &Volume::name>},
    {"driver", top_plain<Volume, &Volume::driver>},
    {"driver_opts", top_plain<Volume, &Volume::options>},
    {"labels", top_plain<Volume, &Volume::labels>},
    {"external", read_external<Volume>},
});

void read_content(NodeReader& reader, const std::string& field, const YamlNode& node,
                  FileObject& into) {
  reader.read(field, node, into.content.emplace());
}
constexpr const char* no_swarm =
    "is not supported: the Engine keeps secrets and configs only as a Swarm; use file, content or "
    "environment";
constexpr auto file_object_keys = std::to_array<NodeReader::Key<FileObject>>({
    {"file", top_plain<FileObject, &FileObject::file>},
    {"environment", top_plain<FileObject, &FileObject::environment>},
    {"content", read_content},
    {"external", nullptr, no_swarm},
    {"name", nullptr, no_swarm},
    {"labels", nullptr, no_swarm},
    {"driver", nullptr, no_swarm},
    {"template_driver", nullptr, no_swarm},
});

void read_services(NodeReader& reader, const std::string& field, const YamlNode& node,
                   Project& into) {
  static const std::regex valid_name("[a-zA-Z0-9._-]+");
  if (!node.is_map()) return reader.fail(node, field, "must be a map of services");
  for (const YamlEntry& entry : node.entries) {
    if (entry.key.starts_with("x-")) continue;
    const std::string own = field + "." + entry.key;
    if (!std::regex_match(entry.key, valid_name)) {
      reader.fail(entry.line, own,
                  "is no name for a service: letters, digits, \"_\", \"-\", \".\"");
    }
    Service& service = into.services.emplace_back();
    service.name = entry.key;
    read_service(reader, own, entry.value, service);
    if (service.line == 0) service.line = entry.line;
  }
}

template <typename Object, const auto& keys, auto member>
void read_objects(NodeReader& reader, const std::string& field, const YamlNode& node,
                  Project& into) {
  if (!node.is_map()) return reader.fail(node, field, "must be a map");
  for (const YamlEntry& entry : node.entries) {
    if (entry.key.starts_with("x-")) continue;
    Object& object = (into.*member).emplace_back();
    object.key = entry.key;
    reader.read_map<Object>(field + "." + entry.key, entry.value, keys, object);
  }
}

template <auto member>
void read_file_objects(NodeReader& reader, const std::string& field, const YamlNode& node,
                       Project& into) {
  read_objects<FileObject, file_object_keys, member>(reader, field, node, into);
  for (const FileObject& object : into.*member) {
    const int sources = (object.file.empty() ? 0 : 1) + (object.environment.empty() ? 0 : 1) +
                        (object.content ? 1 : 0);
    if (sources != 1) {
      reader.fail(node, field + "." + object.key,
                  "needs exactly one of file, content and environment");
    }
  }
}

void read_version(NodeReader& reader, const std::string& field, const YamlNode& node, Project&) {
  std::string obsolete;  // the specification says: read and not looked at
  reader.read(field, node, obsolete);
}

constexpr auto project_keys = std::to_array<NodeReader::Key<Project>>({
    {"name", top_plain<Project, &Project::name>},
    {"version", read_version},
    {"services", read_services},
    {"networks", read_objects<Network, network_keys_top, &Project::networks>},
    {"volumes", read_objects<Volume, volume_keys_top, &Project::volumes>},
    {"secrets", read_file_objects<&Project::secrets>},
    {"configs", read_file_objects<&Project::configs>},
    {"include", nullptr, "is not supported: write one file, or several tasks"},
    {"models", nullptr, "is not supported"},
});

// --- What names what

void check_references(NodeReader& reader, const Project& project) {
  for (const Service& service : project.services) {
    const std::string own = "services." + service.name;
    for (const ServiceNetwork& network : service.networks) {
      if (network.key == "default" || project.network(network.key) != nullptr) continue;
      reader.fail(network.line, own + ".networks." + network.key,
                  "is not among the file's networks");
    }
    for (const VolumeUse& volume : service.volumes) {
      if (volume.key.empty() || project.volume(volume.key) != nullptr) continue;
      reader.fail(volume.line, own + ".volumes",
                  "uses the volume \"" + volume.key + "\", which is not among the file's volumes");
    }
    for (const auto& [uses, objects, what] :
         {std::tuple(&service.secrets, &project.secrets, "secrets"),
          std::tuple(&service.configs, &project.configs, "configs")}) {
      for (const FileUse& use : *uses) {
        if (Project::find(*objects, &FileObject::key, use.key) != nullptr) continue;
        reader.fail(use.line, own + "." + what,
                    "uses \"" + use.key + "\", which is not among the file's " + what);
      }
    }
    for (const Dependency& dependency : service.depends_on) {
      if (!dependency.required || project.service(dependency.service) != nullptr) continue;
      reader.fail(dependency.line, own + ".depends_on",
                  "names \"" + dependency.service + "\", which is no service of the file");
    }
    if (!service.network_of_service.empty() &&
        project.service(service.network_of_service) == nullptr) {
      reader.fail(service.line, own + ".network_mode",
                  "names \"" + service.network_of_service + "\", which is no service of the file");
    }
  }
}

}  // namespace

std::vector<YamlError> read_project(std::string_view text, const Variables* variables,
                                    Project& project, std::vector<std::string>& unset) {
  YamlNode root;
  YamlError broken;
  if (!parse_yaml(text, root, broken)) return {broken};
  std::vector<YamlError> errors;
  NodeReader reader(errors);
  if (!root.is_map()) {
    return {
        {1, root.is_null() ? "the file is empty: it needs services" : "the file must be a map"}};
  }
  // Extensions are only ever used through anchors, whose copies stand elsewhere.
  std::erase_if(root.entries, [](const YamlEntry& entry) { return entry.key.starts_with("x-"); });
  for (YamlEntry& entry : root.entries) {
    interpolate_tree(entry.value, variables, unset, errors);
  }
  reader.read_map<Project>("", root, project_keys, project);
  if (project.services.empty() && errors.empty()) {
    errors.push_back({root.line, "services must name at least one service"});
  }
  check_references(reader, project);
  std::stable_sort(errors.begin(), errors.end(),
                   [](const YamlError& a, const YamlError& b) { return a.line < b.line; });
  return errors;
}

}  // namespace yurt::drivers::compose
