// A service's files: volumes, secrets and configs.
#include <array>

#include "drivers/compose/model/service_parts.h"

namespace yurt::drivers::compose {
namespace {

struct LongVolume {
  docker::MountConfig mount;
  std::string consistency;
  bool create_host_path = true;
  std::string selinux, subpath;
};

template <auto member>
void volume_plain(NodeReader& reader, const std::string& field, const YamlNode& node,
                  LongVolume& into) {
  reader.read(field, node, into.*member);
}
template <auto member>
void mount_plain(NodeReader& reader, const std::string& field, const YamlNode& node,
                 LongVolume& into) {
  reader.read(field, node, into.mount.*member);
}

using M = docker::MountConfig;
using V = LongVolume;
constexpr auto bind_keys = std::to_array<NodeReader::Key<V>>({
    {"propagation", mount_plain<&M::propagation>},
    {"create_host_path", volume_plain<&V::create_host_path>},
    {"selinux", volume_plain<&V::selinux>},
});
constexpr auto volume_option_keys = std::to_array<NodeReader::Key<V>>({
    {"nocopy", mount_plain<&M::no_copy>},
    {"subpath", nullptr, "is not supported by the Engine's versions that Yurt speaks to"},
});

void read_tmpfs_size(NodeReader& reader, const std::string& field, const YamlNode& node,
                     LongVolume& into) {
  reader.read_bytes(field, node, into.mount.tmpfs_size_bytes);
}
void read_tmpfs_mode(NodeReader& reader, const std::string& field, const YamlNode& node,
                     LongVolume& into) {
  reader.read_mode(field, node, into.mount.tmpfs_mode);
}
constexpr auto tmpfs_keys = std::to_array<NodeReader::Key<V>>({
    {"size", read_tmpfs_size},
    {"mode", read_tmpfs_mode},
});

template <const auto& keys>
void read_options(NodeReader& reader, const std::string& field, const YamlNode& node,
                  LongVolume& into) {
  reader.read_map<LongVolume>(field, node, keys, into);
}

constexpr auto volume_keys = std::to_array<NodeReader::Key<V>>({
    {"type", mount_plain<&M::type>},
    {"source", mount_plain<&M::source>},
    {"target", mount_plain<&M::target>},
    {"read_only", mount_plain<&M::read_only>},
    {"bind", read_options<bind_keys>},
    {"volume", read_options<volume_option_keys>},
    {"tmpfs", read_options<tmpfs_keys>},
    {"consistency", volume_plain<&V::consistency>},
});

bool is_path(const std::string& source) {
  return source.starts_with('/') || source.starts_with('.') || source.starts_with('~');
}

void add_bind(const docker::MountConfig& mount, std::string mode, Service& into) {
  if (mount.read_only) mode += mode.empty() ? "ro" : ",ro";
  if (!mount.propagation.empty()) mode += (mode.empty() ? "" : ",") + mount.propagation;
  into.container.volumes.push_back(mount.source + ":" + mount.target +
                                   (mode.empty() ? "" : ":" + mode));
}

// "target", "source:target" or "source:target:mode".
void read_short_volume(NodeReader& reader, const std::string& field, const YamlNode& node,
                       Service& into) {
  std::string text;
  reader.read(field, node, text);
  const std::size_t first = text.find(':');
  docker::MountConfig mount;
  std::string mode;
  if (first == std::string::npos) {
    mount.target = text;
  } else {
    mount.source = text.substr(0, first);
    const std::size_t second = std::min(text.find(':', first + 1), text.size());
    mount.target = text.substr(first + 1, second - first - 1);
    if (second < text.size()) mode = text.substr(second + 1);
  }
  if (!mount.target.starts_with('/') || (first != std::string::npos && mount.source.empty())) {
    return reader.fail(node, field,
                       "must be \"source:/path/in/the/container[:ro]\" or a map with type, source "
                       "and target");
  }
  std::string kept;  // what a bind's mode may hold for the Engine
  for (std::size_t from = 0; from < mode.size();) {
    const std::size_t comma = std::min(mode.find(',', from), mode.size());
    const std::string word = mode.substr(from, comma - from);
    from = comma + 1;
    if (word == "ro") {
      mount.read_only = true;
    } else if (word == "nocopy") {
      mount.no_copy = true;
    } else if (word == "z" || word == "Z") {
      kept += (kept.empty() ? "" : ",") + word;
    } else if (word == "rslave" || word == "slave" || word == "rshared" || word == "shared" ||
               word == "rprivate" || word == "private") {
      mount.propagation = word;
    } else if (word != "rw" && word != "cached" && word != "delegated" && word != "consistent") {
      return reader.fail(node, field,
                         "has the mode \"" + word +
                             "\"; there are ro, rw, nocopy, z, Z and the "
                             "propagations of binds");
    }
  }
  if (is_path(mount.source)) return add_bind(mount, kept, into);
  into.volumes.push_back({mount.source, mount, node.line});
}

void read_long_volume(NodeReader& reader, const std::string& field, const YamlNode& node,
                      Service& into) {
  LongVolume volume;
  volume.mount.type.clear();
  reader.read_map<LongVolume>(field, node, volume_keys, volume);
  for (const YamlEntry& entry : node.entries) {
    if (entry.value.open) return;
  }
  docker::MountConfig& mount = volume.mount;
  if (!mount.target.starts_with('/')) {
    return reader.fail(node, field + ".target", "must be an absolute path in the container");
  }
  if (mount.type == "bind") {
    if (mount.source.empty()) {
      return reader.fail(node, field + ".source", "is required for a bind");
    }
    if (volume.create_host_path) return add_bind(mount, volume.selinux, into);
    into.container.mounts.push_back(mount);
  } else if (mount.type == "tmpfs") {
    into.container.mounts.push_back(mount);
  } else if (mount.type == "volume") {
    into.volumes.push_back({mount.source, mount, node.line});
  } else {
    reader.fail(node, field + ".type", "must be volume, bind or tmpfs");
  }
}

template <auto member>
void use_plain(NodeReader& reader, const std::string& field, const YamlNode& node, FileUse& into) {
  reader.read(field, node, into.*member);
}
void read_use_mode(NodeReader& reader, const std::string& field, const YamlNode& node,
                   FileUse& into) {
  reader.read_mode(field, node, into.mode);
}
constexpr auto use_keys = std::to_array<NodeReader::Key<FileUse>>({
    {"source", use_plain<&FileUse::key>},
    {"target", use_plain<&FileUse::target>},
    {"uid", use_plain<&FileUse::uid>},
    {"gid", use_plain<&FileUse::gid>},
    {"mode", read_use_mode},
});

void read_uses(NodeReader& reader, const std::string& field, const YamlNode& node,
               const std::string& folder, std::vector<FileUse>& into) {
  reader.each_item(field, node, [&](const std::string& own, const YamlNode& item) {
    FileUse& use = into.emplace_back();
    use.line = item.line;
    if (item.is_map()) {
      reader.read_map<FileUse>(own, item, use_keys, use);
      if (use.key.empty()) reader.fail(item, own + ".source", "is required");
    } else {
      reader.read(own, item, use.key);
    }
    if (use.target.empty()) use.target = use.key;
    if (!use.target.starts_with('/')) use.target = folder + use.target;
  });
}

}  // namespace

void read_volumes(NodeReader& reader, const std::string& field, const YamlNode& node,
                  Service& into) {
  reader.each_item(field, node, [&](const std::string& own, const YamlNode& item) {
    if (item.open) return;
    if (item.is_map()) {
      read_long_volume(reader, own, item, into);
    } else {
      read_short_volume(reader, own, item, into);
    }
  });
}

void read_service_secrets(NodeReader& reader, const std::string& field, const YamlNode& node,
                          Service& into) {
  read_uses(reader, field, node, "/run/secrets/", into.secrets);
}

void read_service_configs(NodeReader& reader, const std::string& field, const YamlNode& node,
                          Service& into) {
  read_uses(reader, field, node, "/", into.configs);
}

}  // namespace yurt::drivers::compose
